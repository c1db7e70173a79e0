"""A network made by hand: two cores that tell whether just one of two features is on (XOR).

Compiled for the smallest preset, kept in a file, and run by the golden model.

    python examples/own_network.py
"""

import tempfile
from pathlib import Path

import numpy as np

from sterna import model
from sterna.compile import INPUT, CorePlan, compile_network
from sterna.spec import load, preset, save

# a neuron fires if its weighted sum plus its leak is at least 1
both = CorePlan(
    name="or, and",
    sources=np.array([(INPUT, 0), (INPUT, 1)]),
    weights=np.array([[1, 1], [1, 1]], np.int8),
    leak=np.array([0, -1]),  # one of the features; both of them
)
xor = CorePlan(
    name="or, not and",
    sources=np.array([(0, 0), (0, 1)]),  # neurons 0 and 1 of core 0
    weights=np.array([[1], [-1]], np.int8),
    leak=np.array([0]),
    classes=np.array([0]),
)
network = compile_network(name="xor", cores=[both, xor], features=2, hardware=preset("tiny"))

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "xor.sterna"
    save(network, file)
    network = load(file)

frames = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], bool)
spikes = model.run(model.open(network), frames)
for frame, spike in zip(frames.astype(int).tolist(), spikes[:, 0].tolist(), strict=True):
    print(f"{frame[0]} xor {frame[1]} = {spike}")
