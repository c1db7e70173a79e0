"""The shipped networks: PyTorch in evaluation, engines, golden model and RTL, image by image.

Beside this file is what their training left: trinary weights, and the statistics and biases that
fold into leaks, layer by layer.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from sterna.compile import compile_layers, estimate
from sterna.data import SHIPPED, mnist_test, shipped_network
from sterna.model import GoldenModel, run
from sterna.model import open as open_engine
from sterna.model.layers import examine
from sterna.simulator.tile_process import TileProcess
from sterna.spec import preset
from sterna.spec.expand import expand
from sterna.spec.results import classify
from sterna.train import SpikingNeuron, Votes, layer_spikes, recipe, to_layers
from sterna.train.trinary import TrinaryLayer
from sterna.verify.engines import run_all
from sterna.verify.regression import Regression, check, frame_inputs, simulate
from sterna.verify.regression import golden as steps
from tests.exact import check as check_layers

#: Of each: its cores, and the share of the test images that it must get right.
CORES = {
    "mnist-up5k": 8,
    "mnist-conv-up5k": 8,
    "mnist-25f": 16,
    "mnist-conv-85f": 32,
    "mnist-85f": 16,
}
LEAST = {
    "mnist-up5k": 0.975,
    "mnist-conv-up5k": 0.975,
    "mnist-25f": 0.985,
    "mnist-conv-85f": 0.989,
    "mnist-85f": 0.989,
}
#: Images on which the golden model itself runs; the layer engine, which must agree, runs all.
SOME = 300


@pytest.fixture(scope="module", params=SHIPPED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def made(name):
    return recipe(name)


@pytest.fixture(scope="module")
def network(name):
    return shipped_network(name)


@pytest.fixture(scope="module")
def images():
    return mnist_test()


@pytest.fixture(scope="module")
def net(name, made):
    """The recipe's model with what its training left, in evaluation."""
    model = made.model(0)
    layers = [module for module in model if isinstance(module, TrinaryLayer)]
    neurons = [module for module in model if isinstance(module, SpikingNeuron)]
    with np.load(Path(__file__).with_name(f"{name}.npz")) as left:
        for index, (weights, own) in enumerate(zip(layers, neurons, strict=True)):
            weights.trinary.copy_(torch.from_numpy(left[f"trinary{index}"]))
            for kind, tensor in (
                ("mean", own.mean),
                ("variance", own.variance),
                ("bias", own.bias.data),
            ):
                tensor.copy_(torch.from_numpy(left[f"{kind}{index}"].flatten()))
            own.fold()
    return model.eval()


@pytest.fixture(scope="module")
def spikes(network, images):
    """Spikes of each output line for each image: int64 [10000, votes of all classes]."""
    frames = images.frames()
    every = run(open_engine(network, engine="layers"), frames)
    np.testing.assert_array_equal(every[:SOME], run(GoldenModel(network), frames[:SOME]))
    return every


@pytest.fixture(scope="module")
def layers(net, made, network):
    """What training left, as maps and layers."""
    return to_layers(net, (1, 28, 28), name=network.name, grain=made.grain)


@pytest.fixture(scope="module")
def tile(network):
    """The RTL of the network's preset in Verilator."""
    with TileProcess(network.hardware) as process:
        yield process


def case_of(network, frames):
    ticks = len(frames) + network.latency
    return Regression(network, frame_inputs(network, frames), ticks, ("none",) * 3, 0)


def inputs(frames):
    return torch.from_numpy(frames).float().reshape(-1, 1, 28, 28)


def torch_spikes(net, frames):
    """Spikes of each voting neuron: int64 [n, votes of all classes]."""
    voting = net[: [isinstance(module, Votes) for module in net].index(True)]
    with torch.no_grad():
        batches = inputs(frames).split(1000)
        spikes = [voting(batch).flatten(1).numpy() for batch in batches]
    return np.concatenate(spikes).astype(np.int64)


def test_pytorch_and_the_network_agree_on_every_spike(net, spikes, images, made):
    voting = made.graph.order[-1]
    assert spikes.shape == (10000, voting.groups * voting.neurons)
    np.testing.assert_array_equal(torch_spikes(net, images.frames()), spikes)


@pytest.mark.sim
def test_pytorch_engines_golden_model_and_rtl_agree_on_every_neuron(
    net, layers, network, images, tile
):
    frames = images.frames()[:50]
    packing = estimate(layers, network.hardware).packing
    again = expand(layers, packing, hardware=network.hardware).network
    np.testing.assert_array_equal(again.targets, network.targets)  # the cores that `check` looks at
    check_layers(net, layers, inputs(frames), packing)
    assert examine(network).reason is None  # so that the layer engine is among the engines
    assert run_all(tile, case_of(network, frames)) is None


@pytest.mark.sim
@pytest.mark.control
def test_trits_of_the_chip_turned_are_noticed(network, images, tile):
    frames = images.frames()[:50]
    crossbar = network.crossbars[0].copy()
    crossbar[crossbar != 0] *= -1
    wrong = network.replace(crossbars=(crossbar, *network.crossbars[1:]))
    case = case_of(network, frames)
    model = GoldenModel(network)
    expected = steps(case, model)
    seen = simulate(tile, case_of(wrong, frames))
    assert check(case, model, expected, *seen) is not None


@pytest.mark.parametrize("layer", [0, 1, -1])
@pytest.mark.control
def test_one_weight_flipped_is_noticed(net, spikes, images, layer):
    """Of the neuron that fires most nearly half: the first +1 of its weights that decides a spike.

    Its axon must be active where the neuron fires, which the first few of them are.
    """
    frames = images.frames()
    module = [module for module in net if isinstance(module, TrinaryLayer)][layer]
    fired = list(layer_spikes(net, inputs(frames[:500])).values())[layer].float()
    neurons = fired if fired.ndim == 2 else fired.mean(dim=(2, 3))
    neuron = int((neurons.mean(dim=0) - 0.5).abs().argmin())
    if module.trinary.ndim == 4:  # a convolution: [outputs, inputs, rows, columns]
        weights = module.trinary[neuron].view(-1)
    else:  # [groups, inputs, outputs]
        group, own = divmod(neuron, module.trinary.shape[2])
        weights = module.trinary[group, :, own]
    noticed = 0
    for axon in torch.argwhere(weights == 1).flatten().tolist():
        weights[axon] = -1
        noticed += bool((torch_spikes(net, frames[:2000]) != spikes[:2000]).any())
        weights[axon] = 1
        if noticed:
            break
    assert noticed


def test_one_leak_off_by_one_is_noticed(network, images, spikes):
    types = network.types.copy()
    types[len(types) // 2, 0] += 1
    changed = run(GoldenModel(network.replace(types=types)), images.frames()[:200])
    assert (changed != spikes[:200]).any()


def test_what_training_left_exports_to_the_shipped_network(layers, network, made):
    again = compile_layers(layers, preset(made.hardware))
    for name in ("core_crossbar", "types", "neuron_type", "targets", "input_map", "output_class"):
        np.testing.assert_array_equal(getattr(again, name), getattr(network, name), err_msg=name)
    for one, other in zip(again.crossbars, network.crossbars, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (again.latency, again.hardware) == (network.latency, network.hardware)


def test_the_shipped_network_reaches_its_accuracy(network, spikes, images):
    right = (classify(spikes, network.output_class) == images.labels).mean()
    assert right >= LEAST[network.name]
    assert round(float(right), 6) == network.provenance["test_accuracy"]


def test_the_shipped_network_takes_its_cores_and_says_where_it_comes_from(network, made):
    assert network.cores == CORES[network.name]
    assert network.hardware == preset(made.hardware)
    assert network.latency == len(made.graph.order) - 1
    assert network.provenance["recipe"] == network.name
    assert network.provenance["seed"] == made.seed
    assert network.provenance["epochs"] == made.options.epochs
