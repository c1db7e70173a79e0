"""A module of the design with one deliberate fault, for the negative controls."""

import importlib.util
from pathlib import Path
from types import ModuleType


def mutant(name: str, right: str, wrong: str) -> ModuleType:
    """The module `name` anew, with `right`, which must stand once in its source, made `wrong`."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    assert source.count(right) == 1, f"{right!r} stands {source.count(right)} times in {name}"
    module = importlib.util.module_from_spec(spec)  # nowhere else to be found: a copy
    exec(compile(source.replace(right, wrong), spec.origin, "exec"), module.__dict__)
    return module
