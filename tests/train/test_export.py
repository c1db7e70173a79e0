"""Models become networks: every spike of every layer is the golden model's."""

import numpy as np
import pytest
import torch
from torch import nn

from sterna.compile import GRAPHS, Frame, Layer, LayerGraph, graph, lower
from sterna.compile.packing import fewest
from sterna.spec import ConfigError
from sterna.train import (
    BitPlanes,
    Shuffle,
    SpikingNeuron,
    Thermometer,
    Transduction,
    TrinaryConv2d,
    TrinaryLinear,
    TrinaryPatches,
    Votes,
    build,
    calibrate,
    to_layers,
)
from tests.exact import check, torch_layers


def trained(model, inputs, classes):
    """The model after a few steps, with some scales turned around, calibrated."""
    optimizer = torch.optim.Adam(model.parameters(), 0.2)
    labels = torch.arange(len(inputs)) % classes
    model.train()
    for _ in range(4):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for module in model.modules():
        if isinstance(module, SpikingNeuron):
            module.bias.data += torch.randn(module.features) / 2
            if module.scale is not None:
                module.scale.data[::3] *= -1
    calibrate(model, inputs)
    return model


def convolutions():
    return nn.Sequential(
        TrinaryConv2d(4, 12, 4, stride=2, padding=1, groups=2),
        SpikingNeuron(12, scaled=True),
        Shuffle(2, 3),
        TrinaryConv2d(12, 18, 3, padding=1, groups=3),
        SpikingNeuron(18),
        nn.Dropout(0.5),
        TrinaryConv2d(18, 12, (1, 2), stride=(1, 2), groups=3),
        SpikingNeuron(12),
        nn.Flatten(),
        TrinaryLinear(96, 14, groups=2),
        SpikingNeuron(14, scaled=True),
        Shuffle(2, 7),
        TrinaryLinear(14, 21, groups=7),
        SpikingNeuron(21),
        Votes(3),
    )


class OwnForward(nn.Module):
    """A model that is no nn.Sequential, with its modules out of order."""

    def __init__(self):
        super().__init__()
        self.votes = Votes(2)
        self.second = TrinaryConv2d(8, 6, 2, stride=2, groups=2)
        self.second_spikes = SpikingNeuron(6)
        self.first = TrinaryConv2d(4, 8, 3, padding=1, name="first")
        self.first_spikes = SpikingNeuron(8)

    def forward(self, frames):
        middle = self.first_spikes(self.first(frames))
        return self.votes(self.second_spikes(self.second(middle)))


def patches():
    return nn.Sequential(
        TrinaryPatches(4, 6, frame=(8, 8), kernel=(4, 4), stride=(2, 2), padding=-1),
        SpikingNeuron(24),
        Shuffle(4, 3),
        TrinaryLinear(24, 12, groups=3),
        SpikingNeuron(12),
        Votes(4),
    )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("grain", [1, 8])
@pytest.mark.parametrize("make", [convolutions, OwnForward, patches])
def test_every_spike_of_every_layer_is_the_golden_models(make, grain, packed):
    torch.manual_seed(3)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = trained(make(), frames, 2)
    network = to_layers(model, (4, 8, 8), grain=grain)
    check(model, network, frames[:12], fewest(network) if packed else None)


@pytest.mark.parametrize(
    "coding", [lambda: Transduction(3, 4), lambda: Thermometer(2), lambda: BitPlanes(4)]
)
def test_a_coding_stays_with_the_host_which_needs_no_torch_for_it(coding):
    torch.manual_seed(4)
    pixels = torch.randint(0, 256, (20, 3, 8, 8)).float()
    first = coding()
    planes = 4 if isinstance(first, Transduction) else first.planes(3)
    model = nn.Sequential()
    model.add_module("(coding)", first)
    for module in (
        TrinaryConv2d(planes, 8, 3, padding=1),
        SpikingNeuron(8),
        TrinaryConv2d(8, 6, 4, stride=4),
        SpikingNeuron(6),
        Votes(3),
    ):
        model.append(module)
    trained(model, pixels, 3)
    network = to_layers(model, (3, 8, 8))
    assert network.features == planes * 64
    check(model, network, pixels[:8])


@pytest.mark.control
def test_one_weight_one_leak_and_one_place_are_noticed():
    torch.manual_seed(5)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = trained(convolutions(), frames, 3)
    network = to_layers(model, (4, 8, 8))
    for at, spikes in enumerate(torch_layers(model, network, frames)):
        layer = network.layers[at]
        rates = spikes[:, 0].mean(axis=(0, 2, 3))
        busy, idle = np.abs(rates - 0.5).argmin(), np.abs(rates - 0.5).argmax()
        assert busy != idle
        weights, leak, place = layer.weights.copy(), layer.leak.copy(), layer.place.copy()
        weights[0, :, busy] = -weights[0, :, busy]
        leak[0, busy] = -256
        place[0, [busy, idle]] = place[0, [idle, busy]]
        changes = [{"weights": weights}, {"leak": leak}]
        if at + 1 < len(network.layers):
            changes.append({"place": place})
        for change in changes:
            layers = list(network.layers)
            layers[at] = layer.replace(**change)
            with pytest.raises(AssertionError):
                check(model, network.replace(layers=tuple(layers)), frames)


def test_the_one_chip_network_agrees_on_two_frames():
    torch.manual_seed(6)
    model = build(graph("one-chip"))
    frames = (torch.rand(8, 12, 32, 32) < 0.2).float()
    calibrate(model, frames)
    network = to_layers(model, (12, 32, 32), name="one-chip")
    check(model, network, frames[:2], fewest(network))


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_built_and_read_back_is_the_same(name):
    wanted = graph(name)
    frame = wanted.frame
    model = build(wanted)
    for module in model:
        if isinstance(module, SpikingNeuron):
            module.fold()
    network = to_layers(
        model, (frame.features, frame.rows, frame.columns), name=name, grain=wanted.order[0].grain
    )
    want = lower(wanted)
    assert network.maps == want.maps
    np.testing.assert_array_equal(network.inputs, want.inputs)
    np.testing.assert_array_equal(network.output_class, want.output_class)
    for made, layer in zip(network.layers, want.layers, strict=True):
        np.testing.assert_array_equal(made.place, layer.place)
        for field in ("name", "kernel", "stride", "pad", "sites", "source", "target"):
            assert getattr(made, field) == getattr(layer, field)
        assert made.weights.shape == layer.weights.shape


def test_the_seed_draws_the_first_weights():
    first, same, other = (
        build(graph("mnist-up5k"), generator=torch.Generator().manual_seed(seed))[0].hidden
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


CONV = lambda: TrinaryConv2d(4, 8, 3, padding=1, name="conv")  # noqa: E731 - a short table below


def folded(features):
    neurons = SpikingNeuron(features)
    neurons.fold()
    return neurons


class Adds(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.neurons, self.votes = CONV(), SpikingNeuron(8), Votes(2)

    def forward(self, frames):
        return self.votes(self.neurons(self.conv(frames)) + 1)


class Forgets(Adds):
    def __init__(self):
        super().__init__()
        self.other, self.idle = TrinaryConv2d(8, 4, name="other"), folded(4)
        self.neurons.fold()

    def forward(self, frames):
        spikes = self.neurons(self.conv(frames))
        self.idle(self.other(spikes))
        return self.votes(spikes)


class TwoVotes(Adds):
    def __init__(self):
        super().__init__()
        self.last = Votes(4)
        self.neurons.fold()

    def forward(self, frames):
        spikes = self.neurons(self.conv(frames))
        self.votes(spikes)
        return self.last(spikes)


class Decides(Adds):
    def forward(self, frames):
        return self.votes(frames) if frames.sum() > 0 else frames


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (lambda: nn.Sequential(CONV(), folded(8)), "must end with Votes"),
        (lambda: nn.Sequential(CONV(), Votes(2)), "put a SpikingNeuron between"),
        (lambda: nn.Sequential(folded(4), Votes(2)), "must read a layer's sums"),
        (lambda: nn.Sequential(CONV(), folded(9), Votes(2)), "has 9 features, 'conv' 8"),
        (
            lambda: nn.Sequential(nn.ReLU(), CONV(), folded(8), Votes(2)),
            "'0' is a ReLU, which has no place on cores",
        ),
        (
            lambda: nn.Sequential(CONV(), folded(8), Thermometer(2), Votes(2)),
            "'2' codes pixels: it must be the model's first",
        ),
        (
            lambda: nn.Sequential(CONV(), folded(8), TrinaryConv2d(9, 8), folded(8), Votes(2)),
            "'2' reads 9 features, there are 8",
        ),
        (
            lambda: nn.Sequential(
                CONV(), folded(8), Shuffle(1, 3), TrinaryConv2d(8, 8, groups=2), folded(8), Votes(2)
            ),
            "stands between layers 'conv' of 1",
        ),
        (
            lambda: nn.Sequential(
                Shuffle(1, 2), TrinaryConv2d(4, 8, groups=2), folded(8), Votes(2)
            ),
            "a Shuffle of the frame",
        ),
        (lambda: nn.Sequential(Votes(2)), "no layer before its Votes"),
        (
            lambda: nn.Sequential(CONV(), folded(8), nn.Flatten(), Votes(2)),
            "'3', a Votes, reads a map of 8 x 8 sites through nn.Flatten",
        ),
        (
            lambda: nn.Sequential(
                CONV(),
                folded(8),
                nn.Flatten(),
                Shuffle(1, 2),
                TrinaryLinear(512, 4, groups=2, limit=300),
                folded(4),
                Votes(2),
            ),
            "'3', a Shuffle, reads a map of 8 x 8",
        ),
        (
            lambda: nn.Sequential(
                TrinaryPatches(4, 6, frame=(6, 8), kernel=(4, 4), stride=(2, 2)),
                folded(36),
                Votes(2),
            ),
            "frames of 6 x 8 sites, and reads 8 x 8",
        ),
        (lambda: nn.Sequential(CONV(), folded(8), Votes(4), Votes(2)), "'3' reads votes"),
        (lambda: nn.Sequential(CONV(), folded(8), Votes(4), nn.Identity()), "'3' reads votes"),
        (TwoVotes, "'last' counts the votes of 'conv' a second time"),
        (
            lambda: nn.Sequential(Transduction(4, 4), CONV(), folded(8), Votes(2)),
            "'0.1' has no leaks yet",
        ),
        (lambda: nn.Sequential(CONV(), folded(8), Shuffle(1, 2), Votes(2)), "reads a Shuffle"),
        (
            lambda: nn.Sequential(CONV(), folded(8), Shuffle(1, 2), Shuffle(1, 2), Votes(2)),
            "'3' reads a Shuffle: only a layer",
        ),
        (lambda: nn.Sequential(CONV(), SpikingNeuron(8), Votes(2)), "calibrate the model first"),
        (lambda: nn.Sequential(CONV(), folded(8), nn.Flatten(2), Votes(2)), "'2' is a Flatten"),
        (Adds, "does call_function"),
        (Forgets, "layer 'conv' votes"),
        (Decides, "forward depends on its data"),
    ],
)
def test_a_model_that_is_no_network_is_refused(model, text):
    with pytest.raises(ConfigError, match=text):
        to_layers(model(), (4, 8, 8))


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        (
            [
                Layer(name="a", neurons=4),
                Layer(name="b", source="a", neurons=4, classes=2),
                Layer(name="c", source="a", neurons=4, classes=2),
            ],
            "models are built of chains",
        ),
        ([Layer(name="a", neurons=4, stride=(17, 17), classes=2)], r"stride must be 1\.\.16"),
    ],
)
def test_a_graph_that_is_no_model_is_refused(layers, text):
    with pytest.raises(ConfigError, match=text):
        build(LayerGraph(name="x", frame=Frame(rows=8, columns=8), layers=layers))


def test_dropout_of_an_unknown_layer_is_refused():
    with pytest.raises(ConfigError, match="dropout of 'other'; the layers are: patches"):
        build(graph("mnist-up5k"), dropout={"other": 0.5})


@pytest.mark.parametrize("cast", ["double", "half", "bfloat16"])
@pytest.mark.parametrize("make", [convolutions, patches])
def test_a_model_of_another_dtype_is_calibrated_and_exported_as_it_is(make, cast):
    torch.manual_seed(3)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = trained(make(), frames, 2)
    getattr(model, cast)()
    calibrate(model, frames)
    check(model, to_layers(model, (4, 8, 8)), frames[:12])
    # statistics are those of the float32 model, which casting must not round
    mean = [one.mean.clone() for one in model.modules() if isinstance(one, SpikingNeuron)]
    calibrate(model.float(), frames)
    again = [one.mean for one in model.modules() if isinstance(one, SpikingNeuron)]
    assert mean[0].dtype == torch.float64
    assert torch.equal(mean[0], again[0])


@pytest.mark.parametrize("cast", ["double", "half", "bfloat16"])
def test_a_model_of_another_dtype_can_be_trained(cast):
    torch.manual_seed(3)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = getattr(convolutions(), cast)().train()
    nn.functional.cross_entropy(model(frames), torch.arange(30) % 3).backward()
    assert all(value.grad.isfinite().all() for value in model.parameters())
    assert any(value.grad.any() for value in model.parameters())


def test_a_transduction_layer_in_half_precision_keeps_its_leaks():
    torch.manual_seed(4)
    pixels = torch.randint(0, 256, (20, 3, 8, 8)).float()
    model = nn.Sequential(
        Transduction(3, 4), TrinaryConv2d(4, 6, 4, stride=4), SpikingNeuron(6), Votes(3)
    ).half()
    calibrate(model, pixels)
    assert model[0][1].leak.abs().max() > 2048  # which half precision does not hold
    to_layers(model, (3, 8, 8))


class Doubles(TrinaryConv2d):
    """A convolution that does something else than its type says."""

    def forward(self, spikes):
        return super().forward(spikes) * 2 - 1


@pytest.mark.control
def test_a_module_that_does_something_else_is_noticed_by_layer_group_and_neuron():
    torch.manual_seed(3)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = nn.Sequential(
        CONV(),
        SpikingNeuron(8),
        Doubles(8, 4, 2, groups=2, name="second"),
        SpikingNeuron(4),
        Votes(2),
    )
    calibrate(model, frames)
    with pytest.raises(ConfigError, match=r"layer 'second', group \d, neuron \d: its spikes in"):
        to_layers(model, (4, 8, 8))


@pytest.mark.control
@pytest.mark.parametrize("silent", [False, True])
def test_a_wrong_place_is_noticed_even_where_no_frame_reaches_it(silent, monkeypatch):
    torch.manual_seed(3)
    frames = (torch.rand(30, 4, 8, 8) < 0.4).float()
    model = nn.Sequential(
        CONV(),
        SpikingNeuron(8),
        Shuffle(1, 2),
        TrinaryConv2d(8, 4, groups=2),
        SpikingNeuron(4),
        Votes(2),
    )
    calibrate(model, frames)
    if silent:
        model[1].leak.fill_(-300)
    to_layers(model, (4, 8, 8))
    monkeypatch.setattr(Shuffle, "forward", lambda self, spikes: spikes.flip(1))
    with pytest.raises(ConfigError, match="layer '3', group"):
        to_layers(model, (4, 8, 8))


@pytest.mark.control
def test_a_hook_on_the_output_is_noticed():
    model = nn.Sequential(CONV(), folded(8), Votes(2))
    model.register_forward_hook(lambda module, inputs, output: output + 1)
    with pytest.raises(ConfigError, match="though every layer's spikes agree"):
        to_layers(model, (4, 8, 8))


def test_comparing_leaves_the_model_in_training_where_it_was():
    model = nn.Sequential(CONV(), folded(8), nn.Dropout(), Votes(2)).train()
    model[2].eval()
    to_layers(model, (4, 8, 8))
    assert [module.training for module in model] == [True, True, False, True]
    assert model[1].folded
