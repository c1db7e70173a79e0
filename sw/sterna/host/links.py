"""Links carry the bytes. A real board and a simulated one differ only in the URL."""

import errno
import os
import selectors
import socket
from abc import ABC, abstractmethod
from typing import Protocol
from urllib.parse import urlsplit

import serial

from sterna.spec import LinkError
from sterna.spec.link import BAUD

from .ports import check_rate, check_set_rate, lower_latency

#: A port that takes no bytes for so long counts as gone, in seconds.
WRITE_TIMEOUT_S = 5.0
#: A host that answers no connection for so long is not there, in seconds.
CONNECT_TIMEOUT_S = 5.0


class Link(Protocol):
    """A stream of bytes each way."""

    @property
    def name(self) -> str:
        """Its name in messages."""
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


class _PolledLink(ABC):
    """A link through a descriptor that does not block.

    Waits by poll where the system has it: select takes no descriptor above 1,023, and a program
    may have more files open than that.
    """

    _BULK = 1 << 16
    _SELECTOR = getattr(selectors, "PollSelector", selectors.SelectSelector)

    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._readable, self._writable = self._SELECTOR(), self._SELECTOR()
        self._readable.register(descriptor, selectors.EVENT_READ)
        self._writable.register(descriptor, selectors.EVENT_WRITE)

    @abstractmethod
    def _take(self, *, ready: bool) -> bytes:
        """Read the bytes that are there, or b""; raises OSError if it is `ready` and has ended."""

    @abstractmethod
    def _give(self, data: memoryview) -> int:
        """Send as much as the port accepts now; returns the number of bytes."""

    @property
    def name(self) -> str:
        return self._name

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._give(rest) :]
                if rest and not self._writable.select(WRITE_TIMEOUT_S):
                    raise LinkError(
                        f"{self._name}: took no bytes for {WRITE_TIMEOUT_S:g} s: is a board "
                        "behind it?"
                    )
        except OSError as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None

    def read(self, timeout_s: float) -> bytes:
        try:
            data = self._take(ready=False)
            if not data and self._readable.select(max(0.0, timeout_s)):
                data = self._take(ready=True)
        except OSError as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None
        return data

    def close(self) -> None:
        self._readable.close()
        self._writable.close()


class SocketLink(_PolledLink):
    """A TCP connection: a virtual board, or a program that serves a board's port.

    Raises
    ------
    LinkError : it cannot be opened: names the address, the reason and what to do.
    """

    def __init__(self, url: str) -> None:
        try:
            address = urlsplit(url)
            if not (address.hostname and address.port) or address.path or address.query:
                raise ValueError("no host or no port")
        except ValueError:
            raise LinkError(
                f"{url}: no such TCP port: it is socket://HOST:PORT, PORT 1..65535"
            ) from None
        try:
            self._socket = socket.create_connection(
                (address.hostname, address.port), timeout=CONNECT_TIMEOUT_S
            )
        except OSError as error:
            raise LinkError(f"{url}: {_why(error)}") from None
        self._socket.setblocking(False)
        # else TCP holds a small frame back until the one before is acknowledged: 40 ms
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(url, self._socket.fileno())

    def _take(self, *, ready: bool) -> bytes:
        try:
            data = self._socket.recv(self._BULK)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionError("closed by the other side")
        return data

    def _give(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close the socket."""
        super().close()
        self._socket.close()


class SerialLink(_PolledLink):
    """A serial port of a POSIX system, or a pseudo-terminal; pyserial sets it up.

    Raises
    ------
    LinkError : it cannot be opened: names the port, the reason and what to do.
    """

    def __init__(self, url: str, *, baud: int = BAUD) -> None:
        self._port = _open_port(url, baud)
        #: For how long its USB bridge holds short packets, in milliseconds; None: it tells none.
        self.latency_ms = lower_latency(self._port, url)
        super().__init__(url, self._port.fileno())

    def _take(self, *, ready: bool) -> bytes:
        try:
            data = os.read(self._port.fileno(), self._BULK)
        except BlockingIOError:
            return b""
        if ready and not data:  # a port that is gone is always ready, and holds nothing
            raise ConnectionError("closed by the other side")
        return data

    def _give(self, data: memoryview) -> int:
        try:
            return os.write(self._port.fileno(), data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close the port."""
        super().close()
        self._port.close()


class PortLink:
    """A port that has no descriptor, as on Windows: pyserial reads and writes it too.

    Raises
    ------
    LinkError : it cannot be opened: names the port, the reason and what to do.
    """

    _BULK = 1 << 16

    def __init__(self, url: str, *, baud: int = BAUD) -> None:
        self._name = url
        self._port = _open_port(url, baud)

    @property
    def name(self) -> str:
        """The port's path."""
        return self._name

    def write(self, data: bytes) -> None:
        """Write bytes to the port; raises LinkError if it is gone."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            raise LinkError(
                f"{self._name}: took no bytes for {WRITE_TIMEOUT_S:g} s: is a board behind it?"
            ) from None
        except (serial.SerialException, OSError, TypeError) as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None

    def read(self, timeout_s: float) -> bytes:
        """The bytes that have come, after `timeout_s` at most; b"" if none have."""
        try:
            data = self._port.read(self._BULK)
            if not data and timeout_s > 0:
                # a change of the time-out sets the whole port up anew: only for a wait
                self._port.timeout = timeout_s
                data = self._port.read(1)
                self._port.timeout = 0
                data += self._port.read(self._BULK)
        except (serial.SerialException, OSError, TypeError) as error:
            raise LinkError(f"{self._name}: {_gone(error)}") from None
        return data

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def open_link(url: str, *, baud: int = BAUD) -> Link:
    """The link at /dev/ttyUSB0, COM3, a pseudo-terminal's path, or socket://HOST:PORT.

    Parameters
    ----------
    baud : bit rate of a serial port, bits per second; sockets and pseudo-terminals have none.

    Raises
    ------
    LinkError : it cannot be opened: names the port, the reason and what to do.
    """
    if url.startswith("socket:"):
        return SocketLink(url)
    posix = os.name == "posix" and "://" not in url
    return (SerialLink if posix else PortLink)(url, baud=baud)


def _open_port(url: str, baud: int) -> serial.SerialBase:
    check_rate(url, baud)
    try:
        # exclusive: two programs on one port would take each other's bytes
        port = serial.serial_for_url(
            url, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except (serial.SerialException, ValueError, OSError, OverflowError) as error:
        raise LinkError(f"{url}: {_why(error)}") from None
    try:
        check_set_rate(port, url, baud)
    except LinkError:
        port.close()
        raise
    return port


def _gone(error: Exception) -> str:
    return f"the connection is gone ({error}): is the board powered, or used by another program?"


def _why(error: Exception) -> str:
    """The reason why a port did not open, and the way out."""
    text = str(error)
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "No such file" in text:
        return (
            "no such port: is the board plugged in? --link auto finds it, and "
            "`python -m serial.tools.list_ports` lists all"
        )
    if number == errno.EACCES or "Permission denied" in text:
        return "no permission: on Linux, add yourself to the group `dialout` and log in again"
    if "exclusive" in text.lower() or number == errno.EBUSY or "busy" in text.lower():
        return "busy: another program has the port open; close it"
    if "refused" in text.lower():
        return "nothing listens there: start the board, and check the port's number"
    return f"cannot be opened ({text}); a port is /dev/ttyUSB0, COM3 or socket://HOST:PORT"
