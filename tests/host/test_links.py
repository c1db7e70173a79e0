"""Links that cannot be opened, go away, or lead to something else than a device."""

import contextlib
import os
import pty
import resource
import select
import socket
import termios
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device, open_link
from sterna.host.links import PortLink, _why
from sterna.simulator.board import VirtualBoard
from sterna.spec import LinkError, ProtocolError, preset
from tests.host.servers import pump, serving


def repeat(action: Callable[[], object]) -> None:
    for _ in range(100):
        action()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/dev/ttyNONE7", ["no such port", "plugged in"]),
        ("socket://127.0.0.1:1", ["nothing listens there", "start the board"]),
        ("socket://127.0.0.1", ["no such TCP port", "socket://HOST:PORT"]),
        ("socket://127.0.0.1:99999", ["no such TCP port", "socket://HOST:PORT"]),
        ("socket://127.0.0.1:0", ["no such TCP port", "socket://HOST:PORT"]),
        ("socket://nowhere.invalid:4000", ["cannot be opened", "socket://HOST:PORT"]),
        ("carrier-pigeon://home", ["cannot be opened", "socket://HOST:PORT"]),
        ("/dev/null", ["cannot be opened", "/dev/ttyUSB0"]),
    ],
)
def test_port_that_cannot_be_opened_is_named_with_the_way_out(url: str, words: list[str]) -> None:
    with pytest.raises(LinkError) as caught:
        Device.open(url)
    for word in [url, *words]:
        assert word in str(caught.value)
    assert caught.value.exit_code == 1


def test_port_without_permission_says_how_to_get_it() -> None:
    assert "group `dialout`" in _why(PermissionError(13, "Permission denied"))


def test_port_in_use_is_busy(terminal: tuple[int, str]) -> None:
    first = open_link(terminal[1])
    with pytest.raises(LinkError, match="busy: another program has the port open; close it"):
        open_link(terminal[1])
    first.close()
    open_link(terminal[1]).close()


def test_terminal_carries_every_byte(terminal: tuple[int, str]) -> None:
    master, path = terminal
    link = open_link(path)
    data = bytes(range(256)) * 4
    link.write(data)
    assert os.read(master, 4096) == data
    os.write(master, data)
    seen = b""
    while len(seen) < len(data):
        seen += link.read(1)
    assert seen == data
    link.close()
    link.close()


def test_serial_port_has_the_bit_rate_that_was_asked_for(terminal: tuple[int, str]) -> None:
    for baud, constant in ((9600, termios.B9600), (3_000_000, termios.B3000000)):
        link = open_link(terminal[1], baud=baud)
        assert termios.tcgetattr(terminal[0])[4:6] == [constant, constant]
        link.close()


def test_port_without_a_descriptor_is_read_all_the_same(terminal: tuple[int, str]) -> None:
    link = PortLink(terminal[1])
    assert link.read(0.01) == b""
    os.write(terminal[0], b"sterna")
    seen = b""
    while len(seen) < 6:
        seen += link.read(1)
    assert seen == b"sterna"
    link.close()


def test_port_that_takes_nothing_is_an_error(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sterna.host.links.WRITE_TIMEOUT_S", 0.1)
    link = open_link(terminal[1])
    with pytest.raises(LinkError, match=r"took no bytes for 0\.1 s: is a board behind it"):
        link.write(bytes(1 << 17))
    link.close()


@pytest.fixture
def many_open_files():
    """So many that the next descriptor is beyond what select takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 1024 + 64
    if hard != resource.RLIM_INFINITY and hard < enough:
        pytest.fail(f"the system allows {hard} open files, this test needs {enough}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    with contextlib.ExitStack() as stack:
        while stack.enter_context(Path(os.devnull).open()).fileno() < 1024:
            pass
        with pytest.raises(ValueError, match="out of range in select"):
            select.select([stack.enter_context(Path(os.devnull).open())], [], [], 0)
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_open_files")
def test_terminal_works_with_more_open_files_than_select_takes() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = open_link(os.ttyname(slave))
    assert link.read(0.01) == b""
    link.write(b"spike")
    assert os.read(master, 5) == b"spike"
    os.write(master, b"tick")
    assert link.read(5) == b"tick"
    for end in (link.close, lambda: os.close(master), lambda: os.close(slave)):
        end()


@pytest.mark.sim
@pytest.mark.usefixtures("many_open_files")
def test_board_works_with_more_open_files_than_select_takes() -> None:
    with VirtualBoard("tiny") as board, Device.open(board.url) as device:
        assert device.info.hardware == preset("tiny")


def test_small_frames_are_not_held_back() -> None:
    """With Nagle's algorithm on, each of these would wait 40 ms for a delayed acknowledgement."""
    link = EmulatedLink(preset("tiny"))
    with serving(lambda client: pump(client, link)) as url, Device.open(url) as device:
        times: list[float] = []
        for _ in range(11):
            start = time.monotonic()
            device.counters()
            times.append(time.monotonic() - start)
    assert min(times) < 0.02


def test_read_waits_no_longer_than_it_is_told(terminal: tuple[int, str]) -> None:
    link = open_link(terminal[1])
    start = time.monotonic()
    assert link.read(0) == b""
    assert time.monotonic() - start < 1
    assert link.read(0.1) == b""
    assert 0.09 < time.monotonic() - start < 5
    link.close()


def test_terminal_whose_other_end_goes_is_gone() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = open_link(os.ttyname(slave))
    os.close(master)
    os.close(slave)
    with pytest.raises(LinkError, match=r"/dev/pts/\d+: the connection is gone"):
        link.read(1)
    link.close()


def test_socket_whose_other_end_goes_is_gone() -> None:
    with serving(lambda client: None) as url:
        link = open_link(url)
        for use in (lambda: link.read(0.1), lambda: link.write(b"x")):
            with pytest.raises(LinkError, match="the connection is gone"):
                _ = [use() for _ in range(100)]
        link.close()
        link.close()


def noise(client: socket.socket) -> None:
    """Bytes at random, for ever."""
    while True:
        client.sendall(os.urandom(500))
        time.sleep(0.01)


def echo(client: socket.socket) -> None:
    """What comes goes back, as from a wire that joins both pins."""
    client.settimeout(5)
    while data := client.recv(4096):
        client.sendall(data)


def silence(client: socket.socket) -> None:
    client.settimeout(5)
    while client.recv(4096):
        pass


@pytest.mark.parametrize(
    ("serve", "error", "words"),
    [
        (noise, ProtocolError, ["something answers", "it is not a Sterna device", "bit rate"]),
        (echo, ProtocolError, ["echo", "not a Sterna device"]),
        (silence, LinkError, ["no answer for 0.5 s", "powered", "another program"]),
        (lambda client: None, LinkError, ["the connection is gone"]),
    ],
    ids=["noise", "echo", "silence", "closes"],
)
def test_what_is_no_device_is_told_apart(
    serve: Callable[[socket.socket], None], error: type[Exception], words: list[str]
) -> None:
    start = time.monotonic()
    with serving(serve) as url, pytest.raises(error) as caught:
        Device.open(url, timeout_s=0.5)
    assert time.monotonic() - start < 30
    for word in [url, *words]:
        assert word in str(caught.value)


def test_board_that_serves_another_client_is_told() -> None:
    """A virtual board takes one client; the next is connected, and hears nothing."""
    with serving(silence) as url:
        first = open_link(url)
        time.sleep(0.1)
        with pytest.raises(LinkError, match=r"no answer for 0\.3 s: .* another program"):
            Device.open(url, timeout_s=0.3)
        first.close()
