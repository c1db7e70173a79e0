"""Deliberate faults of the RTL: each must be caught by the campaign, or the campaign proves little.

A fault is a change of text in one file of `hw/sterna/rtl`, listed in `mutations.toml`; it is
applied to a copy, never to the source.
"""

import hashlib
import os
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import sterna.rtl.tile
from sterna.builds.child import run_child
from sterna.simulator.build import Program, build
from sterna.simulator.tile_process import TileDied, TileProcess, tile_program
from sterna.spec import Hardware, SternaError

from .regression import draw, run

#: A tile that has everything, and several contexts.
HARDWARE = Hardware(
    contexts=3,
    crossbars=2,
    lanes=8,
    axons=32,
    neurons=32,
    delay_slots=16,
    targets=256,
    types=16,
    potential_bits=16,
    threshold_bits=15,
    axon_types=4,
    weight_bits=9,
    noise_bits=18,
    stochastic_leak=1,
    stochastic_synapses=1,
)
#: Regressions after which a fault counts as missed.
LIMIT = 300


@dataclass(frozen=True)
class Mutation:
    """A fault: in `file`, `old` (which stands there once) becomes `new`.

    `deep` : it is in what only a build with many stages has.
    """

    name: str
    file: str
    old: str
    new: str
    deep: bool = False


MUTATIONS = tuple(
    Mutation(**values)
    for values in tomllib.loads(Path(__file__).with_name("mutations.toml").read_text())["mutation"]
)


@dataclass(frozen=True)
class Verdict:
    """The result for one fault: caught by a mismatch after so many regressions, or missed.

    A simulated tile that dies proves nothing about the comparison, so it is no catch: `by` says so.
    """

    mutation: Mutation
    caught: bool
    regressions: int
    by: str
    seconds: float


def mutated(mutation: Mutation, folder: Path) -> None:
    """Write the mutated file into sterna/rtl below `folder`, to be imported before the source.

    Raises SternaError unless the text to change stands in the file exactly once.
    """
    source = Path(sterna.rtl.tile.__file__).with_name(f"{mutation.file}.py")
    text = source.read_text()
    if text.count(mutation.old) != 1:
        raise SternaError(
            f"mutation {mutation.name!r}: {mutation.old!r} stands {text.count(mutation.old)} times "
            f"in {source.name}, it must stand there once: bring the list up to date"
        )
    target = folder / "sterna" / "rtl" / source.name
    target.parent.mkdir(parents=True)
    target.write_text(text.replace(mutation.old, mutation.new))


def mutant(mutation: Mutation) -> Program:
    """The tile with a fault; another process makes its Verilog from the mutated file."""

    def convert() -> str:
        with tempfile.TemporaryDirectory() as folder:
            mutated(mutation, Path(folder))
            code = (
                "from sterna.simulator.tile_process import tile_verilog\n"
                "from sterna.verify.mutations import HARDWARE\n"
                "import pathlib, sys\n"
                "deep = sys.argv[2] == 'deep'\n"
                "pathlib.Path(sys.argv[1]).write_text(tile_verilog(HARDWARE, deep=deep))\n"
            )
            verilog, said = Path(folder) / "tile.v", Path(folder) / "said"
            path = os.pathsep.join([folder, *(entry for entry in sys.path if entry)])
            with said.open("w") as output:
                failed = run_child(
                    [sys.executable, "-c", code, verilog, "deep" if mutation.deep else ""],
                    output=output,
                    environment={**os.environ, "PYTHONPATH": path},
                )
            if failed:
                raise SternaError(
                    f"mutation {mutation.name!r} makes no Verilog: {said.read_text()[-800:]}"
                )
            return verilog.read_text()

    plain = tile_program(HARDWARE, deep=mutation.deep)
    key = f"{plain.key} {mutation}"
    digest = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
    return replace(plain, name=f"mutant-{digest}", key=key, convert=convert)


def judge(mutation: Mutation | None, *, deep: bool = False, limit: int = LIMIT) -> Verdict:
    """Run regressions on a faulty tile until one fails; `None` is the tile without a fault."""
    start = time.perf_counter()
    program = tile_program(HARDWARE, deep=deep) if mutation is None else mutant(mutation)
    named = mutation or Mutation("none", "", "", "")
    executable = build(program)
    with TileProcess(HARDWARE, executable=executable) as tile:
        for number in range(limit):
            try:
                found = run(tile, draw(HARDWARE, [number], several=number % 2 == 1))
            except TileDied as error:
                text = f"no mismatch: {error}"
                return Verdict(named, False, number + 1, text, time.perf_counter() - start)
            if found is not None:
                return Verdict(named, True, number + 1, str(found), time.perf_counter() - start)
    return Verdict(named, False, limit, "", time.perf_counter() - start)
