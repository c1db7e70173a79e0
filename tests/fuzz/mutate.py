"""Mutations of bytes, and of the arrays and manifests inside containers."""

import io
import json
import random
import re
from functools import cache
from typing import Any

import numpy as np

from sterna.spec import NetworkError
from sterna.spec.network_file import KINDS, digest
from sterna.spec.trits import unpack_trits

#: Values that break what was not thought of.
ODD: tuple[Any, ...] = (
    *(0, -1, 1, 2, 255, 256, 65535, 65536, 1 << 31, 1 << 40, 1 << 63, 10**400, -(1 << 63)),
    *(
        None,
        True,
        False,
        1.5,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\ud800",
        "\x1b[31m",
        "x" * 5000,
    ),
    *([], {}, [[]], [0] * 50, {"": 0}, [1, [2, [3]]]),
)
DTYPES = ("int8", "uint8", "int32", "int64", "uint32", "float64", "bool", "U3", "S2", "complex64")


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The data with one to four faults: bytes changed, cut, doubled, moved, or all alike."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        size = rng.choice((1, 1, 2, 4, 8, rng.randrange(1, 200)))
        kind = rng.randrange(7)
        if kind == 0 and out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at : at + size] = rng.randbytes(size)
        elif kind == 2:
            del out[at : at + size]
        elif kind == 3:
            out[at:at] = out[at : at + size]
        elif kind == 4:
            del out[at:]
        elif kind == 5:
            out[at : at + size] = bytes([rng.choice((0, 255, 0x7F, 0x80))]) * size
        else:
            other = rng.randrange(len(out) + 1)
            out[at:at] = out[other : other + size]
    return bytes(out)


def _value(value: Any, rng: random.Random) -> Any:
    """A JSON value with one place in it made odd."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        changed = dict(value)
        if rng.random() < 0.1:
            del changed[key]
        else:
            changed[key] = _value(value[key], rng)
        return changed
    if rng.random() < 0.02:
        deep: Any = 0
        for _ in range(rng.choice((10, 500, 900))):
            deep = [deep]
        return deep
    return rng.choice(ODD)


def array(value: np.ndarray, rng: random.Random) -> np.ndarray:
    """An array with a few values, its shape, or its type changed."""
    kind = rng.randrange(8)
    with np.errstate(all="ignore"):
        if kind <= 3 and value.size and value.dtype.kind in "iu":
            changed = value.copy()
            info = np.iinfo(value.dtype)
            for _ in range(rng.choice((1, 1, 3))):
                odd = rng.choice(
                    (0, 1, 2, -1, -2, 255, 256, info.max, info.min, rng.randrange(300))
                )
                changed.ravel()[rng.randrange(value.size)] = min(max(odd, info.min), info.max)
            return changed
        if kind == 4:
            return value[: rng.randrange(len(value) + 1)] if value.ndim else value.reshape(1)
        if kind == 5:
            return np.concatenate([value, value]) if value.ndim else np.array([value, value])
        if kind == 6:
            return value.reshape(rng.choice(((-1,), (1, -1), (-1, 1), (1, -1, 1))))
        texts = value.dtype.kind in "US"
        return value.astype("S9" if texts else rng.choice(DTYPES))


@cache
def _numbers(text: bytes) -> list[tuple[int, int]]:
    """Where the numbers of a JSON text stand, those of runs too, but no hexadecimal bytes."""
    found = re.finditer(rb"(?<=[:\[,x\"])-?[0-9]+(?=[,\]}:x\"])", text)
    return [one.span() for one in found]


def numbers(text: bytes, rng: random.Random) -> bytes:
    """A JSON text with one of its numbers changed."""
    start, end = rng.choice(_numbers(text))
    odd = rng.choice((0, 1, -1, 2, 7, 255, 256, -32, 1 << 20, 1 << 31, 1 << 70))
    return text[:start] + str(odd).encode() + text[end:]


def container(arrays: dict[str, np.ndarray], rng: random.Random) -> bytes:
    """An `.npz` with one array changed or missing; a network's hash is made to fit again."""
    changed = dict(arrays)
    name = rng.choice(list(changed))
    if name == "manifest":
        manifest = _value(json.loads(changed["manifest"].tobytes()), rng)
        changed["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    elif rng.random() < 0.05:
        del changed[name]
    else:
        changed[name] = array(changed[name], rng)
    if "manifest" in changed and rng.random() < 0.95:
        rehash(changed)
    buffer = io.BytesIO()
    rng.choice((np.savez, np.savez_compressed))(buffer, **changed)
    data = buffer.getvalue()
    return damaged(data, rng) if rng.random() < 0.1 else data


def rehash(arrays: dict[str, np.ndarray]) -> None:
    """Make a network's hash fit its arrays again, so that what lies behind it is reached."""
    try:
        manifest = json.loads(arrays["manifest"].tobytes())
        manifest.pop("hash", None)
        others = {name: value for name, value in arrays.items() if name != "manifest"}
        kind = KINDS.get(manifest.get("kind", "cores"), KINDS["cores"])
        if (
            getattr(others.get(kind.trits), "dtype", None) == np.uint8
        ):  # the hash is over trits as they are unpacked
            others[kind.trits] = unpack_trits(kind.trits, others[kind.trits])
        manifest["hash"] = digest(others, manifest, kind)
        arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    except (ValueError, AttributeError, TypeError, NetworkError):
        return  # not a manifest any more
