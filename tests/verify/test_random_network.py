"""Random networks are valid for the hardware that they are drawn for.

What they exercise is counted by `sterna.verify.coverage`.
"""

import numpy as np
import pytest

from sterna.spec import Hardware, build_image
from sterna.verify.hardware import draw_hardware
from sterna.verify.random_network import random_network
from tests.verify.test_tile import HARDWARE

DRAWN = {f"drawn {index}": draw_hardware(1, index) for index in range(12)}


@pytest.mark.parametrize("hardware", [*HARDWARE.values(), *DRAWN.values()], ids=[*HARDWARE, *DRAWN])
def test_random_networks_fit_their_hardware(hardware: Hardware) -> None:
    for seed in range(20):
        network = random_network(np.random.default_rng(seed), hardware)
        assert build_image(network, hardware).used_contexts == network.cores
