"""Servers that answer as no device should, and the model behind a socket or a serial port."""

import contextlib
import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator

from sterna.host import ports
from sterna.host.links import Link
from tests.link.bridge import Bridge

Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """Url of a server that hands one client at a time to `serve`."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def accept() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError, ConnectionError, BrokenPipeError):
                    client, _ = listener.accept()
                    with client:
                        client.settimeout(0.05)
                        serve(client)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def pump(client: socket.socket, link: Link, stop_after: int | None = None) -> None:
    """Carry bytes between a client and a link; hang up after so many bytes to the client."""
    sent = 0
    client.settimeout(0.001)
    while stop_after is None or sent < stop_after:
        with contextlib.suppress(TimeoutError):
            data = client.recv(1 << 16)
            if not data:
                return
            link.write(data)
        data = link.read(0)
        sent += len(data)
        client.sendall(data)


@contextlib.contextmanager
def serial_port(link: Link, *, bridge: Bridge | None = None, baud: int = 0) -> Iterator[str]:
    """Path of a pseudo-terminal behind which is a device, as behind a board's USB bridge.

    Parameters
    ----------
    bridge : what fills packets on the way to the host, in real time.
    baud : the device hears and says nothing at another bit rate of the port; 0: at any.
    """
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    ended = threading.Event()

    def carry() -> None:
        held = bridge or Bridge(packet=1, timer_s=1e-3)
        while not ended.is_set():
            wait = min(0.02, max(0.0, held.due - time.monotonic()))
            select.select([master], [], [], wait)
            heard = b""
            with contextlib.suppress(BlockingIOError, OSError):
                heard = os.read(master, 1 << 16)
            if baud and ports._set_rate(_Descriptor(slave)) != baud:
                continue
            if heard:
                link.write(heard)
            now = time.monotonic()
            for packet in [*held.put(now, link.read(0)), held.expired(now)]:
                rest = packet
                while rest and not ended.is_set():
                    with contextlib.suppress(BlockingIOError):
                        rest = rest[os.write(master, rest) :]

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        ended.set()
        thread.join()
        os.close(master)
        os.close(slave)


class _Descriptor:
    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number
