"""Reads the pickles that data sets are published as, without a pickle machine.

`pickle` calls what a file names, and even a list of harmless names lets a file make arrays over
memory of its choice. Here a pickle is read as data: plain values, and arrays of numbers, which are
made of a type's name, a shape and as many bytes as these say. Nothing that a file names is looked
up or called. Nested values are never printed, compared or hashed: a few hundred bytes can nest
tuples so that this takes 2^60 steps, or overflows the stack.

Source: the opcodes as CPython's `pickletools` documents them; NumPy's `ndarray.__reduce__`.
"""

import pickletools
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
import numpy.typing as npt

#: Types of arrays, by the names that NumPy pickles.
_TYPES = frozenset({"b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"})
_MOST_DIMENSIONS = 8
_VALUES = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
#: Callables of pickled arrays, by module and name; NumPy 2 calls `core` `_core`.
_NAMES = frozenset(
    {
        ("core.multiarray", "_reconstruct"),
        ("core.numeric", "_frombuffer"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("codecs", "encode"),
    }
)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class PickleError(ValueError):
    """A pickle holds something else than plain values and arrays, or is damaged."""


@dataclass
class _Name:
    """A function or class that the file names; it is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class _Type:
    """A dtype; its byte order comes apart."""

    name: str
    order: str = "="


@dataclass
class _Array:
    """An array whose content comes apart."""

    value: npt.NDArray[Any] | None = None


def read_pickle(data: bytes) -> Any:
    """The value of a pickle: plain values, lists, tuples and dicts of them, and arrays.

    Raises PickleError for anything else.
    """
    try:
        value = _Machine().run(data)
    except PickleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PickleError(f"damaged: {error!r:.200}") from None
    return _finished(value)


def _finished(value: Any) -> Any:
    """The value, with arrays in place of their holders: as deep as published files have them."""
    if isinstance(value, _Array):
        if value.value is None:
            raise PickleError("an array without its content")
        return value.value
    if not isinstance(value, dict):
        return value
    held = cast("dict[Any, Any]", value)
    return {key: _finished(one) if isinstance(one, _Array) else one for key, one in held.items()}


class _Machine:
    """A stack, marks on it, and what was put aside."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        for opcode, argument, _ in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                return self._stack.pop()
            if name in _VALUES:
                self._stack.append(argument)
            elif name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name])
            elif name in _TUPLES:
                self._stack.append(tuple(self._pop(_TUPLES[name])))
            elif (step := getattr(self, f"_do_{name.lower()}", None)) is not None:
                step(argument)
            else:
                raise PickleError(f"its opcode {name} is none that plain values and arrays take")
        raise PickleError("it has no end")

    def _pop(self, count: int) -> list[Any]:
        if count > len(self._stack):
            raise PickleError("damaged: more is taken than was put")
        at = len(self._stack) - count
        values = self._stack[at:]
        del self._stack[at:]
        return values

    def _since_mark(self) -> list[Any]:
        return self._pop(len(self._stack) - self._marks.pop())

    def _do_proto(self, argument: int) -> None:
        """The protocol's number: opcodes tell themselves."""

    def _do_frame(self, argument: int) -> None:
        """The length of what follows, for reading ahead."""

    def _do_mark(self, argument: None) -> None:
        self._marks.append(len(self._stack))

    def _do_pop(self, argument: None) -> None:
        self._pop(1)

    def _do_empty_list(self, argument: None) -> None:
        self._stack.append([])

    def _do_empty_dict(self, argument: None) -> None:
        self._stack.append({})

    def _do_dict(self, argument: None) -> None:
        values = self._since_mark()
        self._stack.append(dict(zip(map(_key, values[::2]), values[1::2], strict=True)))

    def _do_list(self, argument: None) -> None:
        self._stack.append(self._since_mark())

    def _do_tuple(self, argument: None) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _do_append(self, argument: None) -> None:
        (value,) = self._pop(1)
        self._last(list).append(value)

    def _do_appends(self, argument: None) -> None:
        values = self._since_mark()
        self._last(list).extend(values)

    def _do_setitem(self, argument: None) -> None:
        key, value = self._pop(2)
        self._last(dict)[_key(key)] = value

    def _do_setitems(self, argument: None) -> None:
        values = self._since_mark()
        self._last(dict).update(zip(map(_key, values[::2]), values[1::2], strict=True))

    def _last(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise PickleError(f"damaged: no {kind.__name__} where one is filled")
        return self._stack[-1]

    def _do_put(self, argument: int) -> None:
        self._memo[int(argument)] = self._stack[-1]

    _do_binput = _do_long_binput = _do_put

    def _do_memoize(self, argument: None) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _do_get(self, argument: int) -> None:
        self._stack.append(self._memo[int(argument)])

    _do_binget = _do_long_binget = _do_get

    def _do_global(self, argument: str) -> None:
        self._name(*argument.split(" ", 1))

    def _do_stack_global(self, argument: None) -> None:
        self._name(*self._pop(2))

    def _name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError("damaged: a name that is not a string")
        known = (module.removeprefix("numpy.").removeprefix("_"), name)
        if known not in _NAMES:
            raise PickleError(f"it names {f'{module}.{name}'[:200]!r}")
        self._stack.append(_Name(module, name))

    def _do_reduce(self, argument: None) -> None:
        what, taken = self._pop(2)
        if not isinstance(what, _Name) or not isinstance(taken, tuple):
            raise PickleError("damaged: a call of nothing")
        given = cast("tuple[Any, ...]", taken)
        if what.name == "_reconstruct":
            made: object = _Array()
        elif what.name == "dtype":
            if not isinstance(given[0], str):
                raise PickleError("damaged: the type of an array is not a string")
            name = given[0].lstrip("|")
            made = _Type(name)
            if name not in _TYPES:
                raise PickleError(f"an array of {given[0]!r:.40}, which holds no numbers")
        elif what.name == "_frombuffer":  # of protocol 5: content, type, shape, order
            content, kind, shape, order = given
            if order not in ("C", "F"):
                raise PickleError(f"an array in the order {order!r:.40}")
            made = _Array(_array(0, shape, kind, order == "F", content))
        elif what.name == "encode":
            made = given[0].encode("latin1")
        else:
            raise PickleError(f"it calls {what!s:.200}")
        self._stack.append(made)

    def _do_build(self, argument: None) -> None:
        (state,) = self._pop(1)
        made = self._stack[-1]
        if isinstance(made, _Type):
            if not isinstance(state[1], str):
                raise PickleError("damaged: a byte order that is not a string")
            made.order = {"|": "=", "=": "=", "<": "<", ">": ">"}[state[1]]
        elif isinstance(made, _Array):
            made.value = _array(*state)
        else:
            raise PickleError("damaged: a content of nothing")


def _key(key: Any) -> Any:
    """Return a key as str: Python 2 wrote bytes. Published files have no other keys."""
    if not isinstance(key, (bytes, str)):
        raise PickleError("a key that is not a string")
    return key.decode("latin1") if isinstance(key, bytes) else key


def _array(version: Any, shape: Any, kind: Any, fortran: Any, content: Any) -> npt.NDArray[Any]:
    data = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(kind, _Type) or not isinstance(data, (bytes, bytearray)):
        raise PickleError("an array whose content is no bytes")
    sizes: list[Any] = [*cast("tuple[Any, ...]", shape)] if isinstance(shape, tuple) else [shape]
    if len(sizes) > _MOST_DIMENSIONS or not all(
        type(size) is int and 0 <= size < 1 << 31 for size in sizes
    ):
        raise PickleError(f"an array whose {len(sizes)} sizes are not whole numbers below 2^31")
    dtype = np.dtype(kind.order.replace("=", "") + kind.name)
    if len(data) != prod(sizes) * dtype.itemsize:
        raise PickleError(f"an array {sizes} of {kind.name} with {len(data):,} bytes")
    return np.frombuffer(bytes(data), dtype).reshape(sizes, order="F" if fortran else "C")
