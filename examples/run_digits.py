"""Real digits through the simulated chip, by the driver that a board will use.

python examples/run_digits.py
"""

from sterna.data import mnist_test, shipped_network
from sterna.host import Device, classify
from sterna.simulator.board import VirtualBoard

network, digits = shipped_network(), mnist_test()
with VirtualBoard("up5k") as board, Device.open(board.url) as device:  # or "/dev/ttyUSB1"
    device.load(network)
    spikes = device.run(digits.frames()[:100])  # int64 [frames, lines]
    classes = classify(spikes, network.output_class)
    right = int((classes == digits.labels[:100]).sum())
    print(f"{right} of 100 right; the first ten: {classes[:10].tolist()}")
