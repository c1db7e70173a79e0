"""Links: what carries the bytes. A real board and a simulated one differ in nothing but the URL."""

import errno
import io
import select
import socket
from typing import Protocol

import serial

from sterna.spec import LinkError

#: Bit rate of the boards' UART, bits per second.
BAUD = 3_000_000
#: A port that takes no bytes for so long counts as gone, in seconds.
WRITE_TIMEOUT_S = 5.0


class Link(Protocol):
    """A stream of bytes each way."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of the data; raises LinkError."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """All bytes that are there; if none are, wait for the first; b"" after `timeout_s`.

        Raises LinkError when the other side has gone.
        """
        ...

    def close(self) -> None:
        """Let go of the port; harmless if done twice."""
        ...


class SerialLink:
    """A link that pyserial opens: a serial port, a pseudo-terminal, or socket://HOST:PORT.

    Raises
    ------
    LinkError : it cannot be opened: names the port, the reason and what to do.
    """

    _BULK = 1 << 16

    def __init__(self, url: str, *, baud: int = BAUD) -> None:
        self._name = url
        try:
            # exclusive: two programs on one port would take each other's bytes
            self._port = serial.serial_for_url(
                url, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
        except (serial.SerialException, ValueError, OSError, OverflowError) as error:
            raise LinkError(f"{url}: {_why(error)}") from None
        try:
            self._descriptor: int | None = self._port.fileno()
        except io.UnsupportedOperation:  # a serial port on Windows
            self._descriptor = None
        #: pyserial's socket behind a socket:// URL
        self._socket: socket.socket | None = getattr(self._port, "_socket", None)
        if self._socket is not None:
            # else TCP holds a small frame back until the one before is acknowledged: 40 ms
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def name(self) -> str:
        return self._name

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            raise LinkError(
                f"{self._name}: took no bytes for {WRITE_TIMEOUT_S:g} s: is a board behind it?"
            ) from None
        except (serial.SerialException, OSError, TypeError) as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None

    def read(self, timeout_s: float) -> bytes:
        try:
            data = self._port.read(self._BULK)
            if not data and timeout_s > 0:
                data = self._wait(timeout_s) + self._port.read(self._BULK)
        except (serial.SerialException, OSError, TypeError) as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None
        return data

    def _wait(self, timeout_s: float) -> bytes:
        """Wait until something comes; a byte of it, if one had to be read to wait for it."""
        if self._descriptor is not None:
            select.select([self._descriptor], [], [], timeout_s)
            return b""
        # a change of the time-out sets the whole port up anew: only where there is no other way
        self._port.timeout = timeout_s
        first = self._port.read(1)
        self._port.timeout = 0
        return first

    def close(self) -> None:
        # pyserial forgets a socket that its peer has reset, without closing it
        self._port.close()
        if self._socket is not None:
            self._socket.close()


def _gone(error: Exception) -> str:
    return f"the connection is gone ({error}): is the board powered, or used by another program?"


def _why(error: Exception) -> str:
    """The reason why a port did not open, and the way out."""
    text = str(error)
    if "0-65535" in text or "'debug|info" in text:  # pyserial's word for it
        return "no such TCP port: it is socket://HOST:PORT, PORT 1..65535"
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "No such file" in text:
        return (
            "no such port: is the board plugged in? `python -m serial.tools.list_ports` lists all"
        )
    if number == errno.EACCES or "Permission denied" in text:
        return "no permission: on Linux, add yourself to the group `dialout` and log in again"
    if "exclusive" in text.lower() or number == errno.EBUSY or "busy" in text.lower():
        return "busy: another program has the port open; close it"
    if "refused" in text.lower():
        return "nothing listens there: start the board, and check the port's number"
    return f"cannot be opened ({text}); a port is /dev/ttyUSB0, COM3 or socket://HOST:PORT"
