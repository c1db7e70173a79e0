"""TCP servers that answer as no device should, and one that is the model behind a socket."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from sterna.host.links import Link

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
