"""The shipped networks: PyTorch in evaluation, engines, golden model and RTL, image by image.

Beside this file is what their training left: trinary weights, and the statistics and biases that
fold into leaks, layer by layer.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from sterna.compile import compile_layers
from sterna.data import SHIPPED, mnist_test, shipped_network
from sterna.model import GoldenModel, run
from sterna.model.layers import examine
from sterna.simulator.tile_process import TileProcess
from sterna.spec import preset
from sterna.train import SpikingNeuron, Votes, layer_spikes, recipe, to_layers
from sterna.train.trinary import TrinaryLayer
from sterna.verify.engines import run_all
from sterna.verify.regression import Regression, check, frame_inputs, simulate
from sterna.verify.regression import golden as steps

#: Of each: its cores, and the share of the test images that it must get right.
CORES = {"mnist-up5k": 8, "mnist-25f": 16, "mnist-85f": 16}
LEAST = {"mnist-up5k": 0.975, "mnist-25f": 0.985, "mnist-85f": 0.989}


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
            for kind, tensor in (("mean", own.mean), ("variance", own.variance),
                                 ("bias", own.bias.data)):  # fmt: skip
                tensor.copy_(torch.from_numpy(left[f"{kind}{index}"].flatten()))
            own.fold()
    return model.eval()


@pytest.fixture(scope="module")
def golden(network, images):
    """Spikes of each output line for each image: int64 [10000, votes of all classes]."""
    return run(GoldenModel(network), images.frames())


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
        return np.concatenate([voting(batch).numpy().astype(np.int64) for batch in batches])


def test_pytorch_and_the_golden_model_agree_on_every_spike(net, golden, images, made):
    assert golden.shape == (10000, made.graph.order[-1].neurons)
    np.testing.assert_array_equal(torch_spikes(net, images.frames()), golden)


@pytest.mark.sim
def test_pytorch_engines_golden_model_and_rtl_agree_on_every_neuron(
    net, network, images, made, tile
):
    frames = images.frames()[:50]
    layers = layer_spikes(net, inputs(frames)).values()
    groups = [made.graph.planes[layer.name].groups for layer in made.graph.order]
    # a core's spikes, [cores][image, neurons]; layer l works l ticks after the frame came
    want = [block for layer, count in zip(layers, groups, strict=True)
            for block in layer.numpy().reshape(50, count, -1).transpose(1, 0, 2)]  # fmt: skip
    depth = [index for index, count in enumerate(groups) for _ in range(count)]
    model = GoldenModel(network)
    ticks = [model.step(frame) for frame in frames] + [model.step() for _ in groups]
    for core, (spikes, late) in enumerate(zip(want, depth, strict=True)):
        seen = [ticks[image + late].spikes[core] for image in range(len(frames))]
        np.testing.assert_array_equal(np.array(seen), spikes, err_msg=f"core {core}")
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


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.control
def test_one_weight_flipped_is_noticed(net, golden, images, layer):
    frames = images.frames()
    module = [module for module in net if isinstance(module, TrinaryLayer)][layer]
    weights, read = module.trinary, []
    hook = module.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    spikes = list(layer_spikes(net, inputs(frames[:500])).values())[layer].float()
    hook.remove()
    _, axons, neurons = weights.shape
    heard = read[0].flatten(1)
    if layer == 0:  # the axons of patch 0
        heard = heard[:, module._place[0]]
    heard, spikes = heard[:, :axons], spikes[:, :neurons]
    # core 0 of the layer: its busiest axon, and there the neuron that fires most nearly half
    axon = int(heard.mean(dim=0).argmax())
    distance = (spikes.mean(dim=0) - 0.5).abs()
    neuron = int(torch.where(weights[0, axon] == 1, distance, 1.0).argmin())
    weights[0, axon, neuron] = -1
    try:
        assert (torch_spikes(net, frames) != golden).any()
    finally:
        weights[0, axon, neuron] = 1


def test_one_leak_off_by_one_is_noticed(network, images, golden):
    types = network.types.copy()
    types[len(types) // 2, 0] += 1
    changed = run(GoldenModel(network.replace(types=types)), images.frames()[:200])
    assert (changed != golden[:200]).any()


def test_what_training_left_exports_to_the_shipped_network(net, network, made):
    layers = to_layers(net, (1, 28, 28), name=network.name, grain=made.grain)
    again = compile_layers(layers, preset(made.hardware))
    for name in ("core_crossbar", "types", "neuron_type", "targets", "input_map", "output_class"):
        np.testing.assert_array_equal(getattr(again, name), getattr(network, name), err_msg=name)
    for one, other in zip(again.crossbars, network.crossbars, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (again.latency, again.hardware) == (network.latency, network.hardware)


def test_the_shipped_network_reaches_its_accuracy(network, golden, images):
    votes = np.eye(10, dtype=np.int64)[network.output_class]
    right = ((golden @ votes).argmax(axis=1) == images.labels).mean()
    assert right >= LEAST[network.name]
    assert round(float(right), 6) == network.provenance["test_accuracy"]


def test_the_shipped_network_takes_its_cores_and_says_where_it_comes_from(network, made):
    assert network.cores == CORES[network.name]
    assert network.hardware == preset(made.hardware)
    assert network.latency == 2
    assert network.provenance["recipe"] == network.name
    assert network.provenance["seed"] == made.seed
    assert network.provenance["epochs"] == made.options.epochs
