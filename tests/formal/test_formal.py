"""The quick proofs and covers; each proof notices a fault. `make formal` runs all of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sterna.spec import ToolError
from sterna.verify import formal
from sterna.verify.formal import Task, find_programs, run
from tests.processes import await_true, names, working_in

from . import uart
from .barrier import BarrierHarness
from .datapath import DatapathEquations, Stands
from .decoder import DecoderHarness
from .deep import DeepRingHarness, StageHarness
from .deep_router import DeepRouterHarness
from .encoder import EncoderHarness
from .mutant import mutant
from .receiver import DOUBLED, LATE, ReceiverHarness
from .ring import RingHarness
from .router import RouterHarness
from .tasks import ECP5, NOISY, SMALL, TASKS, TRUENORTH, UP5K, WIDE, task
from .transmitter import TransmitterHarness
from .weigher import WeigherHarness
from .words import WordsHarness

pytestmark = pytest.mark.formal
ROOT = Path(__file__).parents[2]
RTL = "sterna.rtl."


@pytest.mark.parametrize("quick", [task for task in TASKS if task.quick], ids=lambda t: t.name)
def test_proof_holds(quick: Task) -> None:
    result = run(quick)
    assert result.passed, f"{result.status}; see {result.folder}"


def _datapath(module: Any) -> DatapathEquations:
    return DatapathEquations(UP5K, dut=module.NeuronDatapath(hardware=UP5K))


#: Of each fault: its module, what is right and what is wrong, the harness around the faulty module,
#: the proof that holds without it.
FAULTS: dict[str, tuple[str, str, str, Callable[[Any], Any], str]] = {
    "fires only above the threshold": (
        "datapath", "over >= 0", "over > 0", _datapath, "datapath-up5k"),
    "resets also at minus beta": (
        "datapath", "under < 0", "under <= 0", _datapath, "datapath-up5k"),
    "no clamp at the lower end": (
        "datapath", "Mux(v < low, low, v)", "v", _datapath, "datapath-up5k"),
    "leak at zero along the sign": (
        "datapath", "(v == 0)", "(v == 1)", _datapath, "datapath-up5k"),
    "noise on the lower threshold with kappa": (
        "datapath", "Mux(self.type.kappa, 0, eta)", "eta",
        lambda module: DatapathEquations(
            TRUENORTH, dut=module.NeuronDatapath(hardware=TRUENORTH)), "datapath-truenorth"),
    "no room for the leak where potentials are narrow": (
        "datapath", "hardware.input_bits, LEAK_BITS)", "hardware.input_bits)",
        lambda module: DatapathEquations(
            NOISY, dut=module.NeuronDatapath(hardware=NOISY)), "datapath-noisy"),
    "no room for the noise where thresholds are narrow": (
        "datapath", '"top": max(hw.threshold_bits, hw.noise_bits) + 1',
        '"top": hw.threshold_bits + 1',
        lambda module: DatapathEquations(
            NOISY, dut=module.NeuronDatapath(hardware=NOISY)), "datapath-noisy"),
    "a stage that does not stop": (
        "datapath", "with m.If(self.advance)", "with m.If(1)",
        lambda module: Stands(module.NeuronDatapath(hardware=UP5K)), "datapath-up5k-stalls"),
    "drawn synapses count their weight": (
        "weigher", "Mux(self.i.weight < 0, -1, self.i.weight != 0)", "self.i.weight",
        lambda module: WeigherHarness(TRUENORTH, dut=module.Weigher(hardware=TRUENORTH)),
        "weigher"),
    "ring that forgets what was set by inputs": (
        "ring", "keep.eq(1),", "keep.eq(self.routed.valid),",
        lambda module: RingHarness(SMALL, dut=module.DelayRing(hardware=SMALL)), "ring"),
    "ring that does not see the write before": (
        "ring", "wrote & (written_at == write.addr)", "0",
        lambda module: RingHarness(SMALL, dut=module.DelayRing(hardware=SMALL)), "ring"),
    "deep ring that does not see the writes before": (
        "ring", "same.eq(kind_before[0] & (at_2 == at_before))", "same.eq(0)",
        lambda module: DeepRingHarness(SMALL, dut=module.DelayRing(hardware=SMALL, deep=True)),
        "ring-deep"),
    "stage that takes more than it can hold": (
        "stage", "self.i.ready.eq(~spared)", "self.i.ready.eq(1)",
        lambda module: StageHarness(both=True, dut=module.Stage(4)), "stage"),
    "deep datapath with a register less": (
        "datapath", 'register(below, 1, "below")', "below",
        lambda module: DatapathEquations(
            ECP5, dut=module.NeuronDatapath(hardware=ECP5, deep=True)), "datapath-ecp5"),
    "more words asked for than the queue holds": (
        "words", "room.eq(held < ENOUGH)", "room.eq(1)",
        lambda module: WordsHarness(WIDE, module.RingWords(hardware=WIDE, deep=True)),
        "words-deep"),
    "deep router that stops at the last target of the neuron before": (
        "deep_router", "seen.eq(kept & word.last & ~starts)", "seen.eq(kept & word.last)",
        partial(DeepRouterHarness, SMALL), "router-deep"),
    "deep router that asks for targets without end": (
        "deep_router", "room.eq(found.w_level < ENOUGH)", "room.eq(1)",
        partial(DeepRouterHarness, SMALL), "router-deep"),
    "router that walks over the last target": (
        "router", "valid & ~entry.last", "valid", partial(RouterHarness, SMALL), "router"),
    "router that does not wait": (
        "router", "~valid | handled)", "1)", partial(RouterHarness, SMALL), "router"),
    "barrier that does not wait for the router": (
        "tile", "(integrator.busy | neurons.busy | router.busy)", "(integrator.busy)",
        lambda module: BarrierHarness(SMALL, module), "tile-barrier"),
    "input for the running tick": (
        "tile", "ahead.eq(outstanding + self.inputs.p.delay)", "ahead.eq(self.inputs.p.delay)",
        lambda module: BarrierHarness(SMALL, module), "tile-barrier"),
    "encoder that ends a message early": (
        "encoder", "left.eq(ERROR.size)", "left.eq(ERROR.size - 1)",
        lambda module: EncoderHarness(module.Encoder()), "encoder"),
    "decoder that passes the end of a memory by one": (
        "decoder", "(end > space_depth)", "(end > space_depth + 1)",
        lambda module: DecoderHarness(SMALL, module.Decoder(hardware=SMALL)), "decoder"),
    "receiver that accepts more than its credit": (
        "receiver", "lost | (at >= self._ring_bytes)", "lost | (at > self._ring_bytes)",
        lambda module: ReceiverHarness(module=module), "receiver"),
    "receiver that forgets that a byte found no place": (
        "receiver", " & ~lost)", ")", lambda module: ReceiverHarness(module=module), "receiver"),
    "receiver that takes doubled frames": (
        "receiver", "fits.eq((seq == low) & ", "fits.eq(",
        lambda module: ReceiverHarness(module=module, script=DOUBLED), "receiver"),
    "receiver that takes frames of another round": (
        "receiver", " & ~seq_strayed & ~lost", " & ~lost",
        lambda module: ReceiverHarness(module=module, script=LATE), "receiver"),
    "transmitter that forgets that its offsets come round": (
        "transmitter", "acked_high + (acked[-1] & ~sent[-1])", "acked_high",
        lambda module: TransmitterHarness(module=module), "transmitter-credit"),
    "transmitter one byte beyond the credit": (
        "transmitter", "room[:8], most)", "room[:8] + 1, most)",
        lambda module: TransmitterHarness(module=module), "transmitter-credit"),
    "stop bit of a transmitter lost": (
        "uart", "bits.eq(10)", "bits.eq(9)",
        lambda module: uart.TransmitterHarness(
            divisor=4, dut=module.UartTransmitter(divisor=4)), "uart-transmitter-4"),
    "receiver that samples at the start of a bit": (
        "uart", "timer.eq((self._divisor + 1) // 2 - 1)", "timer.eq(0)",
        lambda module: uart.ReceiverHarness(divisor=4, dut=module.UartReceiver(divisor=4)),
        "uart-receiver-4"),
}  # fmt: skip


#: Cycles until a fault can show, where that takes more than 25: a frame on the pins; a SYN, and a
#: frame that comes twice.
LONG = {
    "stop bit of a transmitter lost": 50,
    "receiver that samples at the start of a bit": 50,
    "receiver that takes doubled frames": 66,
    "receiver that takes frames of another round": 50,
}
#: Faults that show only after more cycles than a solver can soon look at from the start: a ring or
#: a queue must fill first. The induction breaks; tests/rtl/test_link.py has traces of the ring.
DEEP = {
    "receiver that accepts more than its credit",
    "receiver that forgets that a byte found no place",
    "deep router that asks for targets without end",
    "transmitter that forgets that its offsets come round",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.control
def test_fault_is_noticed(fault: str, tmp_path: Path) -> None:
    name, right, wrong, harness, proof = FAULTS[fault]
    faulty = mutant(RTL + name, right, wrong)
    mode, depth, expected = "bmc", LONG.get(fault, 25), "FAIL"
    if fault in DEEP:
        mode, depth, expected = "prove", task(proof).depth, "UNKNOWN"
    result = run(
        Task(name="fault", harness=lambda: harness(faulty), mode=mode, depth=depth), root=tmp_path
    )
    assert result.status == expected, f"{fault}: {result.status}"


def test_what_cannot_happen_is_noticed(tmp_path: Path) -> None:
    """nothing is received before the first frame has ended."""
    cut = Task(name="cover", harness=task("receiver-cover").harness, mode="cover", depth=14)
    assert run(cut, root=tmp_path).status == "FAIL"


def test_every_task_has_a_name_of_its_own_and_says_what_it_claims() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
    assert all(task.claim for task in TASKS)


def problems(tasks: Sequence[Task]) -> list[str]:
    """Proofs without a cover, and covers that are none."""
    covers = {task.name for task in tasks if task.mode == "cover"}
    named = {task.cover for task in tasks if task.mode != "cover"}
    return [
        f"{task.name} has {task.cover or 'no cover'}"
        for task in tasks if task.mode != "cover" and task.cover not in covers
    ] + [f"{name} is nobody's cover" for name in sorted(covers - named)]  # fmt: skip


def test_every_proof_has_its_cover() -> None:
    assert problems(TASKS) == []


@pytest.mark.control
def test_proof_without_a_cover_is_noticed() -> None:
    """Though another one's name begins as its own."""
    without = [replace(one, cover="") if one.name == "ring" else one for one in TASKS]
    assert problems(without) == ["ring has no cover", "ring-cover is nobody's cover"]
    gone = [one for one in TASKS if one.name != "ring-deep-cover"]
    assert problems(gone) == ["ring-deep has ring-deep-cover"]


def test_unchanged_proof_is_not_run_again(tmp_path: Path) -> None:
    first = run(task("encoder"), root=tmp_path)
    second = run(task("encoder"), root=tmp_path)
    assert (first.cached, second.cached) == (False, True)
    assert (first.status, first.seconds) == (second.status, second.seconds)
    assert not run(task("encoder"), root=tmp_path, again=True).cached


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(formal.sysconfig, "get_path", lambda name: "/nowhere")
    with pytest.raises(ToolError, match="pip install"):
        find_programs("smtbmc yices")


@pytest.mark.parametrize(("mode", "depth"), [("guess", 1), ("prove", 0)])
def test_task_is_checked(mode: str, depth: int) -> None:
    with pytest.raises(ValueError, match=r"mode|depth"):
        Task(name="x", harness=EncoderHarness, mode=mode, depth=depth)


def test_command_prints_json() -> None:
    command = [sys.executable, "-m", "tests.formal", "--json", "encoder"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert {result["status"] for result in json.loads(answer.stdout)} == {"PASS"}


def test_one_proof_at_once_by_two_is_run_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.formal", "--json", "encoder-cover"]
    environment = {**os.environ, "STERNA_BUILD": str(tmp_path)}
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    results = [json.loads(run.communicate(timeout=120)[0])[0] for run in runs]
    assert [result["status"] for result in results] == ["PASS", "PASS"]
    assert sorted(result["cached"] for result in results) == [False, True]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_proof_that_is_broken_off_leaves_no_process(tmp_path: Path, sign: signal.Signals) -> None:
    code = (
        "from pathlib import Path; from sterna.verify.formal import run;"
        "from tests.formal.tasks import task;"
        f"run(task('transmitter-credit'), root=Path({str(tmp_path)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    assert await_true(lambda: "yices-smt2" in names(working_in(tmp_path)), 60)
    process.send_signal(sign)
    assert process.wait(timeout=30) != 0
    assert await_true(lambda: not working_in(tmp_path))
