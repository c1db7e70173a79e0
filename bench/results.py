"""Trained networks and their figures: docs/results.json, the README's table, and pictures.

    python -m bench results                                   # table and picture, from the rows
    python -m bench results --data ROOT NETWORK.sterna ...    # measure rows anew

ROOT holds a folder for each data set, by its name (cifar10, gtsrb, ...). A network is a file, or
one that ships, by name. `sterna accuracy` gives a row's figures; how long the training took is read
from the log beside the file (.jsonl), and stays as it was where there is none.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from sterna.cli.accuracy import measured
from sterna.cli.networks import read_trained
from sterna.data.trained import set_of
from sterna.plots.results import OURS, Point, draw_accuracy, draw_activity, draw_confusion
from sterna.plots.training import draw_training
from sterna.spec import LayeredNetwork, Network, write_output
from sterna.spec.pages import check_section, write_section
from sterna.spec.tables import table

from .machine import machine

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "docs" / "results.json"
IMAGES = ROOT / "docs" / "img"
COMMAND = "`python -m bench results`"
#: The sets of the paper (Esser et al., PNAS 2016): title, accuracy on one chip, and the best of up
#: to eight chips, in percent.
PAPER = {
    "cifar10": ("CIFAR-10", 83.41, 89.32), "cifar100": ("CIFAR-100", 55.64, 65.48),
    "svhn": ("SVHN", 96.66, 97.46), "gtsrb": ("GTSRB", 96.50, 97.21),
    "flickrlogos-32": ("Flickr-Logos32", 85.70, 90.39), "vad": ("VAD", 95.42, 97.00),
    "timit-phones": ("TIMIT, classes", 79.16, 82.18),
    "timit-frames": ("TIMIT, frames", 71.17, 73.46),
}  # fmt: skip
#: Titles of sets that are not the paper's.
TITLES = {"mnist": "MNIST", "nmnist": "N-MNIST", "nmnist-events": "N-MNIST, a stream",
          "spoken-digits": "spoken digits"}  # fmt: skip
#: Published points beside ours. FINN and Spiker+ have no cores that could be counted.
PUBLISHED = {
    "cifar10": (
        Point("one chip", 83.41, 4042, "TrueNorth"),
        Point("eight chips", 89.32, 31492, "TrueNorth"),
        Point("FINN CNV, 1-bit", 84.2, None, "FINN"),
    ),
    "mnist": (Point("Spiker+", 93.85, None, "Spiker+"),),
}  # fmt: skip
#: The figures of `sterna accuracy` that a row keeps.
KEPT = ("name", "data_set", "accuracy", "test_images", "measured_in", "cores", "packing",
        "truenorth_cores", "trits", "spikes", "frame_spikes", "synaptic_operations", "latency",
        "seed", "hash", "command")  # fmt: skip


def main(arguments: list[str]) -> None:
    """Measure the networks named, if any; write rows, table and pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench results",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("networks", nargs="*", help="files, .sterna, or networks that ship")
    parser.add_argument("--data", type=Path, metavar="ROOT", help="a folder for each data set")
    parser.add_argument("--pictures", metavar="NAME", help="draw curves, classes and activity of "
                        "this network too, which must be among those named")  # fmt: skip
    given = parser.parse_args(arguments)
    check_section(ROOT / "README.md", COMMAND)
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in read_rows()}
    for name in given.networks:
        network = read_trained(name)
        found = measured(network, folder_of(given.data, set_of(network).name))
        log = Path(name).with_suffix(".jsonl")
        rows[network.name] = row_of(network, found, log, rows.get(network.name, {}))
        print(json.dumps(rows[network.name]), flush=True)
        if given.pictures == network.name:
            draw(network, found, log)
    order = sorted(rows.values(), key=lambda row: (row["data_set"], row["trits"]))
    lines = ",\n ".join(json.dumps(row) for row in order)
    write_output(ROWS, f"[{lines}]\n")
    write_section(ROOT / "README.md", COMMAND, report(order))
    draw_accuracy(IMAGES / "accuracy.png", panels(order))


def folder_of(root: Path | None, name: str) -> Path | None:
    """The folder of a data set; sets of the same files (nmnist-events) may share one."""
    names = (name, name.removesuffix("-events"))
    return next((root / one for one in names if (root / one).is_dir()), None) if root else None


def read_rows() -> list[dict[str, Any]]:
    """The rows of docs/results.json."""
    return json.loads(ROWS.read_text()) if ROWS.exists() else []


def row_of(
    network: Network | LayeredNetwork, found: dict[str, Any], log: Path, before: dict[str, Any]
) -> dict[str, Any]:
    """A row: what was measured, and how long the training took, by its log or as stated."""
    row = {key: found[key] for key in KEPT}
    kept = network.provenance
    row["trained_on"] = str(kept.get("data"))
    if int(kept.get("processes", 1)) > 1:
        row["command"] = (f"torchrun --nproc-per-node {kept['processes']} -m sterna.cli train "
                          f"{kept['recipe']} --data DIR")  # fmt: skip
    if log.exists():
        epochs = [json.loads(line) for line in log.read_text().splitlines()]
        threads = int(kept.get("processes", 1)) * max(1, int(kept.get("threads", 1)))
        row["training_s"] = round(sum(epoch["seconds"] for epoch in epochs))
        row["on"] = f"{threads} of {machine()}"
    else:
        same = before.get("hash") == row["hash"]
        row["training_s"] = before.get("training_s") if same else None
        row["on"] = before.get("on") if same else None
    return row


def report(rows: list[dict[str, Any]]) -> str:
    """The README's table: a row a network, and one for each set of the paper without any."""
    cells: list[tuple[str, ...]] = []
    for row in rows:
        data_set = row["data_set"]
        paper: tuple[str, float | None, float | None] | None = PAPER.get(data_set)
        title, one_chip, best = paper or (TITLES.get(data_set, str(data_set)), None, None)
        others = row["truenorth_cores"]
        seconds = row["training_s"]
        cells.append((
            title, f"`{row['name']}`", f"{100 * row['accuracy']:.2f} %",
            "" if one_chip is None else f"{one_chip:.2f}, {best:.2f} %",
            f"{row['cores']:,}", "" if others is None else f"{others:,}", f"{row['trits']:,}",
            f"{row['spikes']:,.0f}", f"{row['synaptic_operations']:,}", str(row["latency"]),
            "" if seconds is None else f"{seconds / 60:.0f} min",
        ))  # fmt: skip
    there = {row["data_set"] for row in rows}
    for name, (title, one_chip, best) in PAPER.items():
        if name not in there:
            cells.append((title, "no data here", "", f"{one_chip:.2f}, {best:.2f} %",
                          *[""] * 7))  # fmt: skip
    parts = [f"`{row['name']}`: {row['trained_on']}" for row in rows if is_part(row)]
    machines = sorted({row["on"] for row in rows if row["on"]})
    head = ("data set", "network", "right", "TrueNorth: one chip, best", "cores of Sterna",
            "cores of TrueNorth", "trits", "spikes", "synaptic operations", "ticks",
            "training")  # fmt: skip
    return (
        f"{table(head, cells)}\n"
        "Right: share of the whole test set, in an engine that is equal to the golden model at "
        "every tick, for one seed, 0. TrueNorth: Esser et al., PNAS 2016; but for CIFAR-10's, "
        "quoted from memory. Spikes and synaptic operations are those of a frame, means over 200 "
        "test examples; ticks, from a frame to its votes. Cores of Sterna are those of "
        "a network that is compiled for a device, as compiled; of networks of layers, packed: the "
        "fewest of 256 x 256. Cores of TrueNorth are not given where a fan-in is over its 128. "
        f"Trained on {'; '.join(machines)}. Not the whole set: {'; '.join(parts)}. Commands, "
        "hashes and more in [results.json](docs/results.json); `sterna accuracy NETWORK --data "
        "DIR` measures a row again.\n"
    )


def is_part(row: dict[str, Any]) -> bool:
    """True for sets of which only a part is at hand."""
    return row["data_set"] in ("gtsrb", "nmnist", "nmnist-events")


def panels(rows: list[dict[str, Any]]) -> dict[str, list[Point]]:
    """Points of the picture of accuracy against cores."""
    found: dict[str, list[Point]] = {}
    for name, title, key in (
        ("cifar10", "CIFAR-10, by cores of TrueNorth", "truenorth_cores"),
        ("mnist", "MNIST, by cores of Sterna", "cores"),
    ):
        found[title] = [
            *PUBLISHED[name],
            *(Point(row["name"], round(100 * row["accuracy"], 2), row[key], OURS)
              for row in rows if row["data_set"] == name and row[key] is not None),
        ]  # fmt: skip
    return found


def draw(network: Network | LayeredNetwork, found: dict[str, Any], log: Path) -> None:
    """Curves of the training, classes taken for others, and activity by layer."""
    title = f"{network.name}: {found['accuracy']:.2%} of {found['test_images']:,} test examples"
    draw_confusion(
        IMAGES / "confusion.png", np.array(found["confusion"]), title, set_of(network).names
    )
    draw_activity(IMAGES / "activity.png", {network.name: found["activity"]})
    if log.exists():
        history = [json.loads(line) for line in log.read_text().splitlines()]
        draw_training(IMAGES / "curves.png", history)
