"""A trained network judged on its test set, by the golden model as far as that is quick enough."""

from typing import Any

import numpy as np
from torch import nn

from sterna.compile import compile_layers
from sterna.data.coding import encode
from sterna.data.datasets import PIXEL_THRESHOLD
from sterna.data.examples import Examples
from sterna.model import GoldenModel, run
from sterna.spec import LayeredNetwork, Network, SternaError, preset, results
from sterna.spec.expand import expand

from .calibration import accuracy, scores
from .coding import Coding, Transduction
from .recipes import Recipe

#: Test examples on which the golden model must agree, where it is too slow for all.
SAMPLE = 20


def coding_of(made: Recipe, model: nn.Module) -> dict[str, Any]:
    """How a host codes the data for the network; JSON values, for its provenance."""
    first = next(model.children(), None)
    if isinstance(first, (Coding, Transduction)):
        return first.describe()
    if made.coding["kind"] == "bits":
        return {"kind": "bits", "threshold": PIXEL_THRESHOLD}
    return dict(made.coding)


def judged(
    made: Recipe, model: nn.Module, network: LayeredNetwork, test: Examples
) -> tuple[Network | LayeredNetwork, float, str]:
    """The network as it is shipped, its accuracy on the test set, and what that was measured in."""
    coding = coding_of(made, model)
    if made.hardware is not None:
        cores = compile_layers(network, preset(made.hardware))
        spikes = run(GoldenModel(cores), encode(coding, test.inputs))
        votes = results.votes(spikes, cores.output_class)
        return cores, results.accuracy(votes, test.labels), "the golden model, all examples"
    cores = expand(network, (2, 2)).network
    split = made.split(test)
    few = split.frames[:SAMPLE]
    votes = results.votes(
        run(GoldenModel(cores), encode(coding, test.inputs[:SAMPLE])), cores.output_class
    )
    if not np.array_equal(votes, scores(model, few).numpy()):
        raise SternaError(
            f"{made.name}: PyTorch and the golden model differ in the votes of {SAMPLE} examples: "
            "a fault in Sterna; please report it with the recipe and the seed"
        )
    judged = f"PyTorch, equal to the golden model on {len(few)} examples"
    return network, accuracy(model, split.frames, split.labels), judged
