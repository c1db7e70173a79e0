"""All proofs, by name."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sterna.rtl.datapath import NeuronDatapath
from sterna.rtl.memory import CrossbarStore, TileMemory
from sterna.rtl.threefry import Threefry
from sterna.spec import Hardware, preset
from sterna.spec.link import LARGE_RING_BYTES
from sterna.spec.threefry import Purpose
from sterna.verify.formal import Task

from . import deep, engine, memory, transmitter, uart
from .barrier import BarrierHarness
from .datapath import DatapathEquations, Stands
from .decoder import DecoderHarness
from .deep_router import DeepRouterHarness
from .encoder import EncoderHarness
from .receiver import SCRIPT, ReceiverHarness
from .ring import RingHarness
from .router import RouterHarness
from .weigher import WeigherHarness
from .words import WordsHarness

UP5K, ECP5, TRUENORTH = preset("up5k"), preset("ecp5-85f"), preset("truenorth")
#: As narrow as a build can be, but for its threshold noise, which is wider than its thresholds.
NOISY = Hardware(
    **preset("tiny").as_dict()
    | {"potential_bits": 8, "threshold_bits": 7, "noise_bits": 18, "stochastic_leak": 1}
)
#: For control: no claim depends on these sizes, and a proof does.
SMALL = Hardware(
    contexts=2,
    crossbars=1,
    lanes=8,
    axons=32,
    neurons=32,
    delay_slots=4,
    targets=8,
    types=2,
    potential_bits=10,
    threshold_bits=9,
)

#: As many words of a context as there are.
WIDE = Hardware(**SMALL.as_dict() | {"axons": 256, "axon_types": 4, "weight_bits": 2})


def _datapath() -> list[Task]:
    tasks = []
    for hardware, name, stages in (
        (UP5K, "up5k", False),
        (TRUENORTH, "truenorth", False),
        (NOISY, "noisy", False),
        (ECP5, "ecp5", True),
        (TRUENORTH, "truenorth-deep", True),
        (NOISY, "noisy-deep", True),
    ):
        unit = partial(NeuronDatapath, hardware=hardware, deep=stages)
        delay = NeuronDatapath.delay_of(hardware, deep=stages)
        # the tests run the equations of all six, the rest of the widest two
        widest = hardware is TRUENORTH
        tasks += [
            Task(
                name=f"datapath-{name}",
                mode="prove",
                depth=delay + 1,
                harness=lambda hardware=hardware, unit=unit: DatapathEquations(
                    hardware, dut=unit()
                ),
                quick=True,
                cover=f"datapath-{name}-cover",
                claim="potential and spike equal the equations, for every V, sum, draw and type",
            ),
            Task(
                name=f"datapath-{name}-stalls",
                mode="prove",
                depth=2,
                harness=lambda unit=unit: Stands(unit()),
                claim="nothing in it moves without `advance`",
                quick=widest,
                cover=f"datapath-{name}-cover",
            ),
            Task(
                name=f"datapath-{name}-cover",
                mode="cover",
                depth=delay + 5,
                harness=lambda hardware=hardware, unit=unit: DatapathEquations(
                    hardware, dut=unit(), cover=True
                ),
                claim="fires and saturates at both ends; spikes by turns",
                quick=widest,
            ),
        ]
    return tasks


def _pair(
    name: str,
    harness: Callable[[], Any],
    *,
    prove: int,
    cover: int,
    claim: str,
    seen: str,
    quick: bool = True,
    quick_cover: bool = True,
    witness: Callable[[], Any] | None = None,
) -> tuple[Task, Task]:
    """A proof by induction, and that what it is about can happen at all.

    `quick`, `quick_cover` : the tests run them too, not `make formal` alone.
    `witness` is the harness of the second, where a narrower one takes less time.
    """
    return (
        Task(
            name=name,
            harness=harness,
            mode="prove",
            depth=prove,
            claim=claim,
            quick=quick,
            cover=f"{name}-cover",
        ),
        Task(
            name=f"{name}-cover",
            harness=witness or harness,
            mode="cover",
            depth=cover,
            claim=seen,
            quick=quick_cover,
        ),
    )


TASKS: tuple[Task, ...] = (
    *_datapath(),
    *_pair(
        "weigher",
        partial(WeigherHarness, TRUENORTH),
        prove=2,
        cover=8,
        claim="`total` is the sum of sum times weight over the axon types, under any stalls",
        seen="large totals of both signs, over several types, after a stall",
    ),
    Task(
        name="threefry-stalls",
        mode="prove",
        depth=2,
        quick=True,
        harness=lambda: Stands(Threefry(purpose=Purpose.NEURON)),
        claim="nothing in it moves without `advance`; its blocks are tested by known answers",
        cover="threefry-cover",
    ),
    Task(
        name="threefry-cover",
        mode="cover",
        depth=8,
        harness=lambda: Stands(Threefry(purpose=Purpose.NEURON), cover=True),
        claim="it moves with `advance`",
    ),
    *_pair(
        "tile-memory",
        partial(memory.harness, TileMemory),
        prove=2,
        cover=8,
        claim="what was stored last in a word is read from it, and stays until the next read",
        seen="words read by host and engine",
    ),
    *_pair(
        "crossbar-store",
        partial(memory.harness, CrossbarStore),
        prove=2,
        cover=8,
        claim="the same, with one port",
        seen="words read by host and engine",
    ),
    *_pair(
        "ring",
        partial(RingHarness, SMALL),
        prove=2,
        cover=10,
        claim="a bit is taken once, if and only if it was set; host and takes go first",
        seen="set in the cycle before the take; set twice; taken twice; inputs held back",
    ),
    *_pair(
        "ring-deep",
        partial(deep.DeepRingHarness, SMALL),
        prove=5,
        cover=16,
        claim="the same, of the ring that writes four cycles after the choice",
        seen="taken, set and not; set twice, at once and two cycles apart",
    ),
    *_pair(
        "stage",
        partial(deep.StageHarness, both=True),
        prove=2,
        cover=10,
        claim="what goes in comes out once, in order; stream rules",
        seen="something in each cycle; the way in held back",
    ),
    *_pair(
        "stage-forth",
        partial(deep.StageHarness, both=False),
        prove=2,
        cover=10,
        claim="the same, of the stage with a register one way only",
        seen="the same",
    ),
    *_pair(
        "scanner",
        partial(engine.ScannerHarness, SMALL),
        prove=3,
        cover=30,
        claim="stream rules of `work`; a list is complete only once all its words were taken",
        seen="`work` held back; the end of the contexts; a word a cycle",
    ),
    *_pair(
        "words-deep",
        partial(WordsHarness, WIDE),
        prove=2,
        cover=40,
        claim="any one word is gone through bit by bit, after those before it; all are at the end",
        seen="the end with a bit in hand; the last word; as many words held as there may be",
    ),
    *_pair(
        "integrator",
        partial(engine.IntegratorHarness, SMALL),
        prove=3,
        cover=30,
        claim="stream rules of `chunks`, its sums included; busy while anything is under way",
        seen="a chunk held back with an axon behind it; a sum; work after work",
    ),
    *_pair(
        "neuron-unit",
        partial(engine.NeuronHarness, SMALL),
        prove=3,
        cover=20,
        claim="stream rules of `spikes`; a spike for each neuron that fires; busy until the last",
        seen="a spike held back; neurons cycle by cycle; the pipeline empty again",
    ),
    *_pair(
        "router",
        partial(RouterHarness, SMALL),
        prove=2,
        cover=14,
        claim="each target of each spike goes out once, in order, as the table has it",
        seen="axons and lines by turns; queue full; spikes of one and of several targets",
    ),
    *_pair(
        "router-deep",
        partial(DeepRouterHarness, SMALL),
        prove=4,
        cover=24,
        claim="the same, of the router with registers around its table",
        seen="axons and lines by turns; the way in held back; more asked for than there are",
    ),
    *_pair(
        "tile-barrier",
        partial(BarrierHarness, SMALL),
        prove=2,
        cover=20,
        claim="a tick ends once, with nothing under way; no input comes too late; stream rules",
        seen="two ticks, a spike before the end, inputs of the last slot, and held back",
    ),
    *_pair(
        "encoder",
        EncoderHarness,
        prove=2,
        cover=14,
        claim="each event and failure becomes its message, whole and in order; stream rules",
        seen="each kind of message, held back and not",
    ),
    *_pair(
        "decoder",
        partial(DecoderHarness, SMALL),
        prove=2,
        cover=40,
        claim="what is executed is what the message says, within all limits; errors have a cause",
        seen="each message, each error, several words, the halt",
    ),
    *_pair(
        "receiver",
        ReceiverHarness,
        prove=2,
        cover=132,
        witness=partial(ReceiverHarness, script=SCRIPT),
        quick_cover=False,  # 20 seconds
        claim="accepts within its credit only; bytes come out once, in order, as sent",
        seen="damaged, refused and accepted frames, a SYN, two bytes in a row",
    ),
    Task(
        name="receiver-large",
        mode="prove",
        depth=2,
        quick=False,  # 15 seconds
        harness=partial(ReceiverHarness, ring_bytes=LARGE_RING_BYTES),
        cover="receiver-cover",
        claim="the same, with the ring of an ECP5",
    ),
    *_pair(
        "transmitter-credit",
        transmitter.TransmitterHarness,
        prove=2,
        cover=54,
        quick=False,
        quick_cover=False,  # 20 to 40 seconds
        claim="no byte beyond the peer's credit; offsets in order; the ring is never overrun",
        seen="frames sent, going back, a SYN amid a frame",
    ),
    Task(
        name="transmitter-bytes",
        mode="prove",
        depth=4,
        harness=partial(transmitter.TransmitterHarness, follow=True),
        cover="transmitter-credit-cover",
        claim="each byte of a frame's payload is the byte put in at its offset",
    ),
    *(
        task
        for divisor in (4, 8)
        for task in (
            *_pair(
                f"uart-transmitter-{divisor}",
                partial(uart.TransmitterHarness, divisor=divisor),
                prove=2,
                cover=11 * divisor,
                quick=divisor == 4,
                quick_cover=divisor == 4,
                claim="start bit, data, stop bit, each so many cycles; high when idle",
                seen="bytes begun and ended",
            ),
            *_pair(
                f"uart-receiver-{divisor}",
                partial(uart.ReceiverHarness, divisor=divisor),
                prove=4,
                cover=12 * divisor,
                quick=divisor == 4,
                quick_cover=divisor == 4,
                claim="each byte of a sound sender comes out once, right, and nothing else",
                seen="a byte received; bytes without a pause",
            ),
        )
    ),
)


def task(name: str) -> Task:
    """The proof of that name."""
    return next(task for task in TASKS if task.name == name)
