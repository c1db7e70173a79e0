"""What harnesses share: symbolic constants, the rules of a stream, a look inside a component."""

import sys
from types import FrameType, FunctionType
from typing import Any

from amaranth.hdl import (
    Array,
    Assert,
    Assume,
    Cat,
    Cover,
    Fragment,
    Instance,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import wiring


class Harness(wiring.Component):
    """A harness without ports: what is free in it comes from `free` and `constant`."""

    def __init__(self) -> None:
        super().__init__({})


def free(m: Module, shape: Any, name: str) -> Signal:
    """A signal that the solver chooses anew in every cycle."""
    return _chosen(m, shape, name, "$anyseq")


def constant(m: Module, shape: Any, name: str) -> Signal:
    """A signal that the solver chooses once and for all."""
    return _chosen(m, shape, name, "$anyconst")


def _chosen(m: Module, shape: Any, name: str, kind: str) -> Signal:
    signal = Signal(shape, name=name)
    raw = Value.cast(signal)
    m.submodules[f"choose_{name}"] = Instance(kind, p_WIDTH=len(raw), o_Y=raw)
    return signal


def past(m: Module, value: Any, init: int = 0) -> Signal:
    """A value of the cycle before."""
    value = Value.cast(value)
    held = Signal(value.shape(), init=init, name="past")
    m.d.sync += held.eq(value)
    return held


def never_reset(m: Module) -> None:
    """The initial state is that of the registers, and stays the only way in."""
    m.d.comb += Assume(~ResetSignal("sync"))


def drive(m: Module, dut: wiring.Component, *but: str) -> None:
    """Leave all inputs of a component to the solver, but for those whose names begin so."""
    for path, member, value in dut.signature.flatten(dut):
        name = "_".join(map(str, path))
        if member.flow is wiring.In and not name.startswith(but):
            port = Value.cast(value)
            m.d.comb += port.eq(free(m, len(port), name))


def stream_rules(m: Module, s: Any, *, assume: bool = False, unless: Any = 0) -> None:
    """A stream's valid stays, and its payload is unchanged, until ready.

    Parameters
    ----------
    assume : it comes from the environment: take the rules for granted.
    unless : asserted in a cycle in which the source may withdraw (a reset of the stream).
    """
    payload = Value.cast(s.p)
    waits = past(m, s.valid & ~s.ready & ~Value.cast(unless))
    held = past(m, payload)
    claim = Assume if assume else Assert
    m.d.comb += claim(~waits | (s.valid & (payload == held)))


def play(m: Module, s: Any, data: bytes) -> None:
    """Send these bytes into a stream, without a pause."""
    position = Signal(range(len(data) + 1))
    m.d.comb += [s.valid.eq(position < len(data)), s.p.eq(Array(data)[position])]
    with m.If(s.valid & s.ready):
        m.d.sync += position.eq(position + 1)


def covers(m: Module, *conditions: Any) -> None:
    """Each of these can happen."""
    for condition in conditions:
        m.d.comb += Cover(Value.cast(condition).bool())


class Inside:
    """A component with its insides in reach, to state invariants of them.

    `inside["name"]` is the local variable of that name at the end of its `elaborate`, or of a
    method that this calls: a signal, a port of a memory, a state machine. The harness adds `module`
    as the submodule.
    """

    def __init__(self, component: wiring.Component) -> None:
        self.component = component
        methods = {
            method.__code__
            for kind in type(component).__mro__
            for method in vars(kind).values()
            if isinstance(method, FunctionType)
        }
        found: dict[str, Any] = {}

        def watch(frame: FrameType, event: str, _: object) -> None:
            if event == "return" and frame.f_code in methods:
                found.update(frame.f_locals)

        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            self.module = component.elaborate(None)
        finally:
            sys.setprofile(before)
        self._fsm = self.module._generated.get("fsm")
        component._MustUse__used = True  # it is, by way of `module`
        self._found = found

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def state(self, *names: str) -> Value:
        """The component's state machine is in one of these states."""
        fsm = self._fsm._data
        return Cat(fsm["signal"] == fsm["encoding"][name] for name in names).any()

    def known_state(self) -> Value:
        """The state machine is in a state that it has; for induction."""
        fsm = self._fsm._data
        return fsm["signal"] < len(fsm["encoding"])

    def open(self, name: str) -> "Inside":
        """The insides of a submodule; call it before the module goes into a harness."""
        part, place = self.module._named_submodules[name]
        inside = Inside(part)
        self.module._named_submodules[name] = inside.module, place
        return inside

    def registers(self) -> list[Signal]:
        """What the component itself (not its submodules) holds from cycle to cycle."""
        fragment = Fragment.get(self.module, None)
        self.module = fragment
        found: dict[int, Signal] = {}
        for statement in fragment.statements.get("sync", ()):
            found.update((id(signal), signal) for signal in statement._lhs_signals())
        return list(found.values())
