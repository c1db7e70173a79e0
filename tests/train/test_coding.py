"""Codings of pixels as modules: what they make, and that a transduction layer is trained."""

import numpy as np
import pytest
import torch
from torch import nn

from sterna.spec import ConfigError
from sterna.train import BitPlanes, Thermometer, Transduction, calibrate
from sterna.train.coding import PIXEL_MAX, WEIGHT_MAX, PixelConv2d


def pixels(*shape):
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1)).float()


def test_a_thermometers_planes_come_on_one_after_the_other():
    seen = Thermometer(3)(torch.arange(256.0).reshape(1, 1, 16, 16)).reshape(3, 256)
    assert seen.sum(dim=1).tolist() == [192, 128, 64]
    assert (seen[:-1] >= seen[1:]).all()
    assert torch.equal(Thermometer(1)(pixels(2, 3, 4, 4)), (pixels(2, 3, 4, 4) >= 128).float())


def test_bit_planes_hold_the_upper_bits():
    wanted = pixels(2, 3, 4, 5)
    planes = BitPlanes()(wanted).reshape(2, 3, 8, 4, 5)
    powers = 2.0 ** torch.arange(7, -1, -1)
    assert torch.equal((planes * powers[:, None, None]).sum(dim=2), wanted)
    assert torch.equal(BitPlanes(2)(wanted).reshape(2, 3, 2, 4, 5), planes[:, :, :2])


def test_sums_of_pixels_are_whole_and_exact():
    layer = PixelConv2d(3, 5).eval()
    frames = pixels(4, 3, 6, 6)
    sums = layer(frames).detach()
    weights = layer.weights().detach()
    assert torch.equal(weights, (layer.hidden * WEIGHT_MAX).round())
    want = nn.functional.conv2d(frames.double(), weights.double(), padding=1)
    assert torch.equal(sums.double(), want)
    assert layer.most == 27 * PIXEL_MAX * WEIGHT_MAX < 1 << 24


def gradient(layer):
    layer(pixels(20, 3, 6, 6)).square().mean().backward()
    grad = next(layer.parameters()).grad
    return 0.0 if grad is None else float(grad.abs().max())


def test_the_gradient_reaches_the_weights_of_pixels():
    assert gradient(PixelConv2d(3, 5)) > 0
    layer = PixelConv2d(3, 5)
    layer(torch.ones(1, 3, 1, 1)).sum().backward()
    grad = layer.hidden.grad
    assert grad is not None
    np.testing.assert_array_equal(grad[:, :, 1, 1], np.full((5, 3), WEIGHT_MAX))


@pytest.mark.control
def test_the_check_notices_weights_that_are_rounded_without_a_way_through():
    class Rounded(PixelConv2d):
        def weights(self):
            return super().weights().round()

    assert gradient(Rounded(3, 5)) == 0


def test_a_transduction_layer_learns_what_no_random_one_has():
    """Whether red is stronger than green, by one plane that begins blue."""
    frames = pixels(400, 3, 1, 1)
    labels = (frames[:, 0] > frames[:, 1]).float().reshape(-1)
    layer = Transduction(3, 1, 1)
    layer[0].hidden.data = torch.tensor([0.1, 0.1, 0.9]).reshape(1, 3, 1, 1)

    def right():
        calibrate(layer, frames)
        return float((layer(frames).reshape(-1) == labels).float().mean())

    before = right()
    optimizer = torch.optim.Adam(layer.parameters(), 0.05)
    layer.train()
    for _ in range(100):
        loss = (layer(frames).reshape(-1) - labels).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert right() > before + 0.2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Thermometer(0), r"levels must be 1\.\.255, not 0"),
        (lambda: BitPlanes(9), r"bits must be 1\.\.8, not 9"),
        (lambda: Transduction(3, 4, 2), "a kernel of 2"),
        (lambda: Transduction(0, 4), "0 channels, 4 planes"),
    ],
)
def test_a_coding_that_cannot_be_is_refused(make, text):
    with pytest.raises(ConfigError, match=text):
        make()
