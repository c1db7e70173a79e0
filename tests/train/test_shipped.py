"""The shipped networks: PyTorch in evaluation against the golden model, image by image.

Beside this file are the checkpoints that their training left: trinary weights, and the statistics
and biases that fold into leaks. Source: `sterna.train.export.save_checkpoint`.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from sterna.data import SHIPPED, mnist_test, shipped_network
from sterna.model import GoldenModel, run
from sterna.spec import DataError, preset
from sterna.train import RECIPES, PatchConfig
from sterna.train.export import export, load_checkpoint

CHECKPOINT = Path(__file__).with_name("mnist-up5k.npz")
RECIPE = RECIPES["mnist-up5k"]
#: Of each: its cores, and the share of the test images that it must get right.
CORES = {"mnist-up5k": 8, "mnist-25f": 16, "mnist-85f": 16}
LEAST = {"mnist-up5k": 0.975, "mnist-25f": 0.985, "mnist-85f": 0.989}


@pytest.fixture(scope="module", params=SHIPPED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def recipe(name):
    return RECIPES[name]


@pytest.fixture(scope="module")
def network(name):
    return shipped_network(name)


@pytest.fixture(scope="module")
def images():
    return mnist_test()


@pytest.fixture(scope="module")
def net(name, recipe):
    return load_checkpoint(CHECKPOINT.with_stem(name), recipe.network)


@pytest.fixture(scope="module")
def golden(network, images):
    """Spikes of each output line for each image: int64 [10000, votes of all classes]."""
    return run(GoldenModel(network), images.frames())


def torch_spikes(net, frames):
    with torch.no_grad():
        batches = torch.from_numpy(frames).float().split(1000)
        return np.concatenate([net(batch).numpy().astype(np.int64) for batch in batches])


def test_pytorch_and_the_golden_model_agree_on_every_spike(name, net, golden, images):
    assert golden.shape == (10000, 10 * RECIPES[name].network.votes)
    np.testing.assert_array_equal(torch_spikes(net, images.frames()), golden)


def test_every_neuron_of_every_layer_agrees(net, network, images):
    frames = images.frames()[:50]
    with torch.no_grad():
        layers = net.layers(torch.from_numpy(frames).float())
    # a core's spikes, [cores][image, neurons]; layer l works l ticks after the frame came
    want = [block.numpy() for layer in layers for block in layer]
    depth = [index for index, layer in enumerate(layers) for _ in layer]
    model = GoldenModel(network)
    ticks = [model.step(frame) for frame in frames] + [model.step() for _ in layers]
    for core, (spikes, late) in enumerate(zip(want, depth, strict=True)):
        seen = [ticks[image + late].spikes[core] for image in range(len(frames))]
        np.testing.assert_array_equal(np.array(seen), spikes, err_msg=f"core {core}")


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.control
def test_one_weight_flipped_is_noticed(net, golden, images, layer):
    frames = images.frames()
    weights, inputs = net.weights[layer].trinary, []
    hook = net.weights[layer].register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    with torch.no_grad():
        spikes = net.layers(torch.from_numpy(frames[:500]).float())[layer]
    hook.remove()
    # core 0 of the layer: its busiest axon, and there the neuron that fires most nearly half
    axon = int(inputs[0][0].mean(dim=0).argmax())
    distance = (spikes[0].mean(dim=0) - 0.5).abs()
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


def test_the_checkpoint_exports_to_the_shipped_network(net, network, recipe):
    again = export(net, name=network.name, hardware=preset(recipe.hardware))
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


def test_the_shipped_network_takes_its_cores_and_says_where_it_comes_from(network, recipe):
    assert network.cores == CORES[network.name]
    assert network.hardware == preset(recipe.hardware)
    assert network.latency == 2
    assert network.provenance["recipe"] == network.name
    assert network.provenance["seed"] == recipe.seed
    assert network.provenance["epochs"] == recipe.options.epochs


def test_a_checkpoint_of_another_shape_is_refused():
    other = PatchConfig(**{**vars(RECIPE.network), "first": 96})
    with pytest.raises(DataError, match=r"trinary0 has shape \(4, 256, 192\), it must be \(4, 25"):
        load_checkpoint(CHECKPOINT, other)
