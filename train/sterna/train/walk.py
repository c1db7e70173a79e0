"""A model as a list of steps, by symbolic tracing: any `forward` that is a chain of modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.fx.proxy import TraceError

from sterna.spec import ConfigError

from .coding import Coding, PixelConv2d
from .neurons import SpikingNeuron
from .trinary import TrinaryLayer
from .wiring import Shuffle, Votes

_LEAVES = (Coding, PixelConv2d, TrinaryLayer, SpikingNeuron, Shuffle, Votes)


@dataclass(frozen=True)
class Step:
    """One module at work.

    Members
    -------
    name : where the module lies in the model.
    module : the module.
    source : index of the step that it reads; -1: the model's input.
    """

    name: str
    module: nn.Module
    source: int


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _LEAVES) or super().is_leaf_module(m, module_qualified_name)


def walk(model: nn.Module) -> list[Step]:
    """The steps of a model in the order of data; the last is its output.

    Raises
    ------
    ConfigError : names the part of `forward` that is no module with one input.
    """
    try:
        graph = _Tracer().trace(model)
    except (TraceError, TypeError) as error:
        raise ConfigError(
            f"the model's forward depends on its data ({error}): write it as modules, one after "
            "the other"
        ) from None
    steps: list[Step] = []
    number: dict[fx.Node, int] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            if number:
                raise ConfigError(f"the model has a second input, {node.name!r}: it must have one")
            number[node] = -1
        elif node.op == "output":
            last = node.args[0]
            if not isinstance(last, fx.Node) or number[last] != len(steps) - 1:
                raise ConfigError("the model must put out one tensor, that of its last module")
        elif node.op != "call_module" or len(node.args) != 1 or node.kwargs:
            raise ConfigError(
                f"the model's forward does {node.op} {node.target} ({node.name!r}): a network is "
                "made of modules with one input each"
            )
        else:
            (source,) = node.args
            assert isinstance(source, fx.Node)
            number[node] = len(steps)
            steps.append(
                Step(str(node.target), model.get_submodule(str(node.target)), number[source])
            )
    return steps


def sweep(
    model: nn.Module,
    batches: Sequence[Tensor],
    *,
    before: Callable[[Step, list[Tensor]], None] | None = None,
    after: Callable[[Step, list[Tensor]], None] | None = None,
) -> list[Tensor]:
    """Run a model module by module, each over all batches, and return its output.

    Whole numbers lie in the smallest dtype that holds them, since a module's output for all batches
    is in memory at once.

    Parameters
    ----------
    before : called with each step and its inputs, before it runs; may change the module.
    after : called with each step and its outputs.
    """
    steps = walk(model)
    values: dict[int, list[Tensor]] = {-1: list(batches)}
    last = {step.source: index for index, step in enumerate(steps)}
    for index, step in enumerate(steps):
        inputs = values[step.source]
        if before:
            before(step, inputs)
        values[index] = [_small(step.module, step.module(batch.float())) for batch in inputs]
        if after:
            after(step, values[index])
        if last[step.source] == index:
            del values[step.source]
    return values[len(steps) - 1]


def _small(module: nn.Module, values: Tensor) -> Tensor:
    if isinstance(module, (SpikingNeuron, Coding)):
        return values.bool()
    if isinstance(module, TrinaryLayer):
        return values.to(torch.int16)
    return values
