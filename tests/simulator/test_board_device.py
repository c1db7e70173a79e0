"""The virtual board with the real device in it, opened by the real driver."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sterna.emulator import EmulatedLink
from sterna.host import Device
from sterna.simulator.board import VirtualBoard
from sterna.simulator.hashes import build_hash
from sterna.spec import OUTPUT, Hardware, LinkError, NeuronType, ProtocolError, preset
from sterna.spec.neuron import TYPE_COLUMNS
from sterna.verify.firstlight import compare_device
from sterna.verify.random_network import random_network
from tests.networks import chain

pytestmark = pytest.mark.sim
TINY = preset("tiny")
FEATURES = {
    "axon_types": 4,
    "weight_bits": 9,
    "noise_bits": 8,
    "stochastic_leak": 1,
    "stochastic_synapses": 1,
}


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("transport", ["tcp", "pty"])
@pytest.mark.parametrize("pins", [False, True], ids=["bytes", "pins"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_networks_agree_with_the_model(tmp_path: Path, transport, pins, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with (
        VirtualBoard(TINY, pins=pins, transport=transport, log=tmp_path / "log") as board,
        Device.open(board.url, expect=TINY, expect_build=build_hash(TINY)) as device,
    ):
        for _ in range(3):
            network = random_network(rng, TINY)
            device.load(network)
            frames = rng.random((60, network.features)) < rng.random()
            run = compare_device(device, network, frames)
            run.check()
            assert run.report.speed.ticks == 60 + network.latency
            assert run.report.crc_errors == run.report.refused_frames == 0
    assert "framing errors 0" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("over", ["board", "model"])
def test_the_whole_neuron_goes_through_the_link_and_draws_anew_after_a_reset(over: str) -> None:
    """Axon types, seeds and the tick that the draws count from; twice the same, a reset between."""
    hardware = Hardware(**TINY.as_dict() | FEATURES)
    rng = np.random.default_rng(2)
    with contextlib.ExitStack() as stack:
        if over == "board":
            board = stack.enter_context(VirtualBoard(hardware))
            device = stack.enter_context(Device.open(board.url, expect=hardware))
        else:
            device = stack.enter_context(Device(EmulatedLink(hardware)))
        drawing = 0
        for _ in range(4):
            network = random_network(rng, hardware)
            drawing += bool(network.types[:, TYPE_COLUMNS.index("c")].any())
            frames = rng.random((40, network.features)) < 0.3
            device.load(network)
            runs = []
            for _ in range(2):
                run = compare_device(device, network, frames)
                run.check()
                runs.append(device.run(frames[:20]))  # and on, at other ticks
                device.reset()
            assert (runs[0] == runs[1]).all()
        assert drawing > 1


def test_cycles_of_a_tick_hold_its_wait_for_a_host_that_does_not_read(tiny_board: str) -> None:
    """Two cores whose 64 neurons fire onto a line of their own each tick."""
    lines = [(core, i, OUTPUT, 32 * core + i, 0) for core in range(2) for i in range(32)]
    network = chain(
        crossbars=(np.zeros((4, 32), np.int8),),
        types=np.array([NeuronType(leak=1).row()], np.int32),
        neuron_type=np.zeros(64, np.int32),
        neuron_potential=np.zeros(64, np.int32),
        targets=np.array(lines, np.int32),
        output_class=np.zeros(64, np.int32),
        latency=0,
    )
    frames = np.zeros((100, network.features), bool)
    with Device.open(tiny_board) as device:
        device.load(network)
        at_leisure = [tick.cycles for frame in frames for tick in device.stream(frame[None])]
        assert len(set(at_leisure)) == 1
        paused = []
        for tick in device.stream(frames):
            assert tick.lines.tolist() == [1] * 64
            paused.append(tick.cycles)
            if len(paused) == 20:
                time.sleep(0.3)
    assert min(paused) == at_leisure[0]
    assert max(paused) > 10 * at_leisure[0]


@pytest.mark.control
def test_device_with_a_faulty_weight_is_found_out(tiny_board: str) -> None:
    """Negative control: one trit changed behind the driver's back."""
    from sterna.spec.layout import Space

    network = chain()
    frames = np.random.default_rng(5).random((40, network.features)) < 0.5
    with Device.open(tiny_board) as device:
        device.load(network)
        word = device.read_words(Space.CROSSBAR, 0, 1)[0]
        device.write_words(Space.CROSSBAR, 0, [word ^ 1])
        run = compare_device(device, network, frames)
    assert run.report.mismatches > 0
    assert "neuron 0" in run.report.first_mismatches[0]


def test_other_build_or_hardware_is_refused_by_name(tiny_board: str) -> None:
    with pytest.raises(ProtocolError, match="build hash"):
        Device.open(tiny_board, expect_build=12345)
    with pytest.raises(ProtocolError, match="hardware"):
        Device.open(tiny_board, expect=preset("up5k"))


def test_board_killed_in_mid_stream_is_a_link_error_at_once(tmp_path: Path) -> None:
    network = chain()

    def frames() -> Iterator[np.ndarray]:
        for index in range(100_000):
            if index == 50:
                board.kill()
            yield np.ones(network.features, bool)

    with (
        VirtualBoard(TINY, log=tmp_path / "log") as board,
        Device.open(board.url, timeout_s=120) as device,
    ):
        device.load(network)
        start = time.monotonic()
        with pytest.raises(LinkError, match=r"connection is gone.*ticks had come back"):
            sum(1 for _ in device.stream(frames()))
        assert time.monotonic() - start < 60


def test_second_driver_is_told_that_the_board_is_busy(tmp_path: Path) -> None:
    network = chain()
    with (
        VirtualBoard(TINY, log=tmp_path / "log") as board,
        Device.open(board.url) as device,
    ):
        with pytest.raises(LinkError, match="another program"):
            Device.open(board.url)
        device.load(network)
        compare_device(device, network, np.ones((5, network.features), bool)).check()


def test_waveform_of_the_device_names_its_parts(tmp_path: Path) -> None:
    wave = tmp_path / "tiny.vcd"
    with (
        VirtualBoard(TINY, wave=wave, log=tmp_path / "log") as board,
        Device.open(board.url) as device,
    ):
        device.counters()
    header = wave.read_text().partition("$enddefinitions")[0]
    for part in ("tile", "receiver", "transmitter", "clk"):
        assert f" {part} " in header
