"""A trained network judged on its test set, by the fastest engine that there is."""

from typing import Any

import numpy as np
from torch import nn

from sterna.compile import compile_layers
from sterna.data.coding import encode
from sterna.data.datasets import PIXEL_THRESHOLD
from sterna.data.examples import Examples
from sterna.data.trained import Coded
from sterna.model import axon_activity, run
from sterna.model import open as open_engine
from sterna.spec import LayeredNetwork, Network, SternaError, preset, results
from sterna.spec.expand import expand

from .calibration import scores
from .coding import Coding, Transduction
from .recipes import Recipe

#: Test examples on which the golden model must agree, where there is no fast engine.
SAMPLE = 20
#: Test examples on which the activity of the layers is measured.
COUNTED = 200


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
    """The network that ships, its accuracy on the test set, and what that was measured in.

    Raises SternaError if PyTorch and the network give other votes.
    """
    cores = (
        expand(network).network
        if made.hardware is None
        else compile_layers(network, preset(made.hardware))
    )
    engine = open_engine(cores)
    split = made.split(test)
    # the golden model would take hours for a network that no device holds
    count = SAMPLE if made.hardware is None and engine.name == "golden" else len(split.frames)
    frames = encode(coding_of(made, model), test.inputs[:count])
    votes = results.votes(run(engine, frames), cores.output_class)
    name = "the golden model" if engine.name == "golden" else f"the {engine.name} engine"
    own = scores(model, split.frames).numpy()
    if not np.array_equal(votes, own[:count]):
        raise SternaError(
            f"{made.name}: PyTorch and {name} differ in the votes of {count} examples: a fault in "
            "Sterna; please report it with the recipe and the seed"
        )
    shipped = network if made.hardware is None else cores
    return shipped, _right(made, test, own), f"PyTorch, equal to {name} on {count} examples"


def activity_of(
    made: Recipe, model: nn.Module, network: LayeredNetwork, test: Examples
) -> dict[str, float]:
    """Share of each layer's axons with a spike at a tick, on the first test examples."""
    return axon_activity(network, encode(coding_of(made, model), test.inputs[:COUNTED]))


def _right(made: Recipe, test: Examples, votes: np.ndarray) -> float:
    """Share right, 0..1, of the examples; of the recordings where they are frames of streams."""
    labels, found = Coded(made.data, test, test.inputs, None).classes(votes)
    return float((found == labels).mean())
