"""The virtual board as a process: it serves, it sleeps, it ends; tried with a stand-in device."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from sterna.link import Frame
from sterna.simulator.board import VirtualBoard
from sterna.spec import ConfigError, LinkError
from sterna.spec.link import Flag
from tests.processes import await_true, cpu_seconds, exists
from tests.simulator.echo import echo_design

pytestmark = pytest.mark.sim
EVERY_BYTE = bytes(range(256))
ROOT = Path(__file__).resolve().parents[2]


def exchange(url: str, data: bytes) -> bytes:
    """Send, and read back as much, with the serial code that a real board is opened with."""
    with serial.serial_for_url(url, timeout=5) as port:
        port.write(data)
        return port.read(len(data))


def complement(data: bytes) -> bytes:
    return bytes(255 - byte for byte in data)


@pytest.mark.parametrize("transport", ["tcp", "pty"])
@pytest.mark.parametrize("pins", [False, True])
def test_every_byte_goes_through_and_comes_back(tmp_path: Path, transport, pins: bool) -> None:
    design = echo_design(pins=pins)
    with VirtualBoard(design, transport=transport, log=tmp_path / "log") as board:
        for _ in range(2):  # the second client, after the first has left
            assert exchange(board.url, EVERY_BYTE) == complement(EVERY_BYTE)
    assert "framing errors 0" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("divisor", [4, 13])
def test_uart_keeps_its_bit_time_at_every_divisor(tmp_path: Path, divisor: int) -> None:
    design = echo_design(pins=True, divisor=divisor)
    with VirtualBoard(design, log=tmp_path / "log") as board:
        assert exchange(board.url, EVERY_BYTE) == complement(EVERY_BYTE)


@pytest.mark.control
def test_uart_at_another_divisor_is_noticed(tmp_path: Path) -> None:
    """Negative control: our UART really has the bit time that it is told."""
    design = echo_design(pins=True)
    wrong = type(design)(**{**design.__dict__, "divisor": 5})
    with (
        VirtualBoard(wrong, log=tmp_path / "log") as board,
        serial.serial_for_url(board.url, timeout=0.5) as port,
    ):
        port.write(EVERY_BYTE)
        assert port.read(256) != complement(EVERY_BYTE)


def test_board_ends_with_its_context_and_tells_its_log(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        pid = board.pid
        assert board.alive
        assert exists(pid)
    assert not exists(pid)
    log = (tmp_path / "log").read_text()
    assert "ends: stdin closed" in log
    assert "cycles" in log


def test_board_ends_when_an_exception_leaves_its_context(tmp_path: Path) -> None:
    board = VirtualBoard(echo_design(), log=tmp_path / "log")
    pids: list[int] = []

    def fail() -> None:
        with board:
            pids.append(board.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not exists(pids[0])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_board_is_left_when_its_starter_is_killed(tmp_path: Path, end: signal.Signals) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log"):
        pass  # built
    program = (
        "import sys, time\n"
        "from sterna.simulator.board import VirtualBoard\n"
        "from tests.simulator.echo import echo_design\n"
        "with VirtualBoard(echo_design(), log=sys.argv[1]) as board:\n"
        "    print(board.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    path = os.pathsep.join([str(ROOT), *(str(ROOT / room) for room in ("hw", "sw", "sim"))])
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        assert exists(pid)
        starter.send_signal(end)
        starter.wait()
    assert await_true(lambda: not exists(pid))
    assert "ends: stdin closed" in (tmp_path / "log").read_text()


def test_ctrl_c_and_sigterm_at_the_board_itself(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        os.kill(board.pid, signal.SIGINT)
        assert exchange(board.url, b"still there") == complement(b"still there")
        os.kill(board.pid, signal.SIGTERM)
        assert await_true(lambda: not board.alive)
    assert "ends: signal" in (tmp_path / "log").read_text()


def test_idle_board_takes_no_processor_time(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        assert exchange(board.url, b"wake") == complement(b"wake")
        with serial.serial_for_url(board.url, timeout=5):
            time.sleep(0.2)
            before = cpu_seconds(board.pid)
            time.sleep(0.5)
            assert cpu_seconds(board.pid) - before <= 0.02


def test_second_client_is_turned_away_and_the_first_goes_on(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        with serial.serial_for_url(board.url, timeout=5) as first:
            first.write(b"a")
            assert first.read(1) == complement(b"a")
            second = serial.serial_for_url(board.url, timeout=5)
            with pytest.raises(serial.SerialException):
                second.read(1)
            second.close()
            first.write(b"b")
            assert first.read(1) == complement(b"b")
        assert await_true(lambda: "client left" in board.log.read_text())
        assert exchange(board.url, b"c") == complement(b"c")
    assert "refused: busy" in (tmp_path / "log").read_text()


def test_client_of_a_killed_board_is_told_at_once(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        address = "127.0.0.1", int(board.url.rpartition(":")[2])
        with socket.create_connection(address, timeout=30) as client:
            start = time.monotonic()
            board.kill()
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
            assert time.monotonic() - start < 20
        assert not board.alive


def test_waveform_file_holds_the_bytes(tmp_path: Path) -> None:
    wave = tmp_path / "echo.vcd"
    with VirtualBoard(echo_design(), wave=wave, log=tmp_path / "log") as board:
        exchange(board.url, b"\x12\x34")
    header, _, changes = wave.read_text().partition("$enddefinitions $end")
    code = re.search(r"\$var \w+ +8 (\S+) tx__payload", header)
    assert code
    seen = [
        int(value, 2) for value in re.findall(rf"^b([01]+) {re.escape(code[1])}$", changes, re.M)
    ]
    assert [byte for byte in seen if byte in (0xED, 0xCB)] == [0xED, 0xCB]
    times = [int(value) for value in re.findall(r"^#(\d+)$", changes, re.M)]
    assert times == sorted(times)
    assert times[-1] / 41_666 > 100, "cycles of 24 MHz, in picoseconds"


def test_port_in_use_is_named(tmp_path: Path) -> None:
    with VirtualBoard(echo_design(), log=tmp_path / "log") as board:
        port = int(board.url.rpartition(":")[2])
        with pytest.raises(LinkError, match="Address already in use"):
            VirtualBoard(echo_design(), port=port, log=tmp_path / "other").start()


def test_bad_parameters_are_refused_before_anything_is_built(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"w\.txt: a waveform file ends in \.vcd or \.fst"):
        VirtualBoard(echo_design(), wave=tmp_path / "w.txt")
    with pytest.raises(ConfigError, match="there are: up5k"):
        VirtualBoard("up6k")
    with pytest.raises(ConfigError, match="transport"):
        VirtualBoard(echo_design(), transport="smoke")  # pyright: ignore[reportArgumentType]


@pytest.mark.sim
def test_close_and_connect_at_once_is_never_refused(tiny_board: str) -> None:
    """Whatever was left half said on the connection before."""
    address = ("127.0.0.1", int(tiny_board.rsplit(":", 1)[1]))
    syn = Frame(Flag.SYN, limit=4096).encode()
    for attempt in range(200):
        with socket.create_connection(address) as client:
            client.settimeout(5)
            client.sendall(bytes([attempt]) * (attempt % 3) + b"\0" + syn)
            assert client.recv(4096)
            client.sendall(syn[: attempt % len(syn)])


@pytest.mark.sim
def test_client_that_leaves_in_mid_frame_leaves_the_board_asleep(tmp_path: Path) -> None:
    with VirtualBoard("tiny", log=tmp_path / "board.log") as board:
        with socket.create_connection(("127.0.0.1", int(board.url.rsplit(":", 1)[1]))) as client:
            client.sendall(Frame(Flag.SYN, limit=4096).encode()[:-3])
            time.sleep(0.1)
        assert await_true(lambda: "client left" in board.log.read_text())
        time.sleep(0.3)

        before = cpu_seconds(board.pid)
        time.sleep(1)
        assert cpu_seconds(board.pid) - before < 0.2


def test_waveform_on_a_full_disk_ends_the_board_and_is_told(tmp_path: Path) -> None:
    wave = tmp_path / "full.vcd"
    wave.symlink_to("/dev/full")
    board = VirtualBoard(echo_design(), wave=wave, log=tmp_path / "log")
    board.start()
    address = ("127.0.0.1", int(board.url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as client, contextlib.suppress(ConnectionError):
        while board.alive:  # until the waveform is written in part
            client.sendall(bytes(500))
            time.sleep(0.01)
    assert "No space left on device" in board.log_tail()
    assert board.stop() == 1


def test_waveform_that_does_not_reach_its_end_is_told(tmp_path: Path) -> None:
    """What is left in the buffer is written when the board ends."""
    wave = tmp_path / "full.vcd"
    wave.symlink_to("/dev/full")
    board = VirtualBoard(echo_design(), wave=wave, log=tmp_path / "log")
    with pytest.raises(LinkError, match="No space left on device"), board:
        pass
