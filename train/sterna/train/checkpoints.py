"""Checkpoints to go on from, and the log, beside the network file that a run will write."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from sterna.spec import ConfigError, write_output

from .training import Trainer


def beside(out: Path, suffix: str) -> Path:
    return out.with_name(out.name.removesuffix(".sterna") + suffix)


def write(out: Path, trainer: Trainer, key: dict[str, Any]) -> None:
    """The checkpoint and the log, each whole or not at all."""
    buffer = io.BytesIO()
    torch.save({**key, "trainer": trainer.state()}, buffer)
    write_output(beside(out, ".checkpoint"), buffer.getvalue())
    lines = [json.dumps(vars(epoch)) + "\n" for epoch in trainer.history]
    write_output(beside(out, ".jsonl"), "".join(lines))


def read(out: Path, key: dict[str, Any]) -> dict[str, Any]:
    """The trainer's state of the checkpoint beside a network file.

    Raises ConfigError if there is none, or if it is of a run with another key.
    """
    path = beside(out, ".checkpoint")
    try:
        found = torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such checkpoint; train without resuming first") from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ConfigError(f"{path}: is no checkpoint ({error})") from None
    for name, value in key.items():
        if not isinstance(found, dict) or found.get(name) != value:
            was = found.get(name) if isinstance(found, dict) else None
            raise ConfigError(f"{path}: its {name} is {was!r}, this run's {value!r}; use the same")
    return found["trainer"]
