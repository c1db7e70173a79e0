"""The files of a run next to its network file: checkpoint, log, picture of the curves.

They are made under names that the user has not chosen, so a file that no training wrote is never
overwritten, and one run at a time writes them.
"""

import contextlib
import fcntl
import io
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from reprlib import Repr
from typing import Any

import torch

from sterna.spec import ConfigError, DataError, check_output, write_output
from sterna.spec.reading import check_regular

from .training import Trainer

#: Prints values of a checkpoint: long strings and deep nesting are cut.
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 200

CHECKPOINT, LOG, PICTURE = ".checkpoint", ".jsonl", ".png"


def beside(out: Path, suffix: str) -> Path:
    """The file of that suffix beside a network file; of a device there is none, see `keeps`."""
    return out.with_name(out.name.removesuffix(".sterna") + suffix)


def keeps(out: Path) -> bool:
    """False for a device or a pipe, beside which nothing is written."""
    return out.is_file() or not out.exists()


@contextlib.contextmanager
def reserved(out: Path) -> Iterator[None]:
    """Lock a network file and its checkpoint for this run.

    Raises
    ------
    ConfigError : another run has it; or a file of such a name is there, and no training wrote it.
    OutputError : one of the files cannot be written.
    """
    check_output(out)
    if not keeps(out):
        yield
        return
    for suffix in (CHECKPOINT, LOG, PICTURE):
        check_output(beside(out, suffix))
    with _locked(out):
        _check_ours(out)
        yield


def _check_ours(out: Path) -> None:
    """Raise ConfigError if a file would be overwritten that no training has written."""
    checkpoint, *others = (beside(out, suffix) for suffix in (CHECKPOINT, LOG, PICTURE))
    way = "and would be overwritten: move it, or name another file with --out"
    if checkpoint.exists():
        try:
            _load(checkpoint)
        except ConfigError as error:
            raise ConfigError(f"{error}, {way}") from None
        return
    for path in others:
        if path.exists():
            raise ConfigError(f"{path}: there is no checkpoint of it in its folder, {way}")


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold a lock beside the file; the system drops it with the process, however that ends."""
    path = beside(out, ".lock").with_name(f".{beside(out, '.sterna-lock').name}")
    while True:
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"{out}: another training is writing it: wait for its end, or name another "
                    "file with --out"
                ) from None
            if not path.exists() or path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                continue  # the one before has just removed it
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def write(out: Path, trainer: Trainer, key: dict[str, Any]) -> None:
    """The checkpoint and the log, each whole or not at all."""
    if not keeps(out):
        return
    buffer = io.BytesIO()
    torch.save({**key, "trainer": trainer.state()}, buffer)
    write_output(beside(out, CHECKPOINT), buffer.getvalue())
    lines = [json.dumps(vars(epoch)) + "\n" for epoch in trainer.history]
    write_output(beside(out, LOG), "".join(lines))


def resume(out: Path, trainer: Trainer, key: dict[str, Any]) -> list[list[int]]:
    """Set a trainer to the checkpoint beside a network file.

    Returns the plans that it was trained by: epochs done, and epochs in all from then on.

    Raises ConfigError if there is none, or if it is of a run with another key.
    """
    path = beside(out, CHECKPOINT)
    if not keeps(out) or not path.exists():
        raise ConfigError(f"{path}: no such checkpoint; train without resuming first")
    found = _load(path)
    for name, value in key.items():
        if found.get(name) != value:
            raise ConfigError(
                f"{path}: its {name} is {_SHORT.repr(found.get(name))}, this run's "
                f"{_SHORT.repr(value)}; use the same"
            )
    try:
        trainer.load_state(found["trainer"])
    except (LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: is a damaged checkpoint ({error!r:.200})") from None
    return _plans(path, found.get("plans"))


def _plans(path: Path, plans: Any) -> list[list[int]]:
    """Pairs of whole numbers, rising; raises ConfigError for anything else."""
    whole = isinstance(plans, list) and all(
        isinstance(plan, list) and len(plan) == 2 and all(type(one) is int for one in plan)
        for plan in plans
    )
    if not whole or not plans:
        raise ConfigError(f"{path}: is a damaged checkpoint (plans {_SHORT.repr(plans)})")
    return plans


def _load(path: Path) -> dict[str, Any]:
    """The content of a checkpoint: plain values and tensors; ConfigError for any other file."""
    try:
        check_regular(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats that Sterna does not write
            found = torch.load(path, weights_only=True, map_location="cpu")
    except DataError as error:
        raise ConfigError(str(error)) from None
    except Exception as error:  # what is no checkpoint can raise anything
        raise ConfigError(f"{path}: is no checkpoint ({type(error).__name__})") from None
    if not isinstance(found, dict) or not {"recipe", "trainer"} <= {*found}:
        raise ConfigError(f"{path}: is no checkpoint of a training")
    return found
