"""The kinds of network file: arrays and keys of the manifest, to and from a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .arrays import AnyArray

Held = TypeVar("Held")


@dataclass(frozen=True)
class Kind(Generic[Held]):
    """One kind of network file.

    Members
    -------
    first_version : format version in which this kind's content was first kept as it is now; the
        content hash is taken with it, so that equal networks have one hash in every format.
    trits : name of the array of weights, which is packed five to a byte in the file.
    arrays : name -> (dtype, shape, meaning) of the arrays beside the manifest, as in the file.
    manifest : key -> meaning, of the keys beside those that all files have.
    dump : the arrays and the manifest's keys of a network.
    limits : bytes of each array at most, from the manifest alone: what is larger is not unpacked.
    build : the network of manifest and arrays, validated in full.
    """

    first_version: int
    trits: str
    arrays: dict[str, tuple[str, str, str]]
    manifest: dict[str, str]
    dump: Callable[[Held], tuple[dict[str, AnyArray], dict[str, Any]]]
    limits: Callable[[dict[str, Any]], dict[str, int]]
    build: Callable[[dict[str, Any], dict[str, AnyArray]], Held]


def short(value: object) -> str:
    """A value for a message, however long it is."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
