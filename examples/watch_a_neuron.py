"""One neuron, tick by tick: its input, its membrane potential, its spikes.

A leaky neuron of threshold 8 gets a spike in two ticks of three. The driver runs it on a device
made of the golden model; `Device.open` in its place would run it on a board.

    python examples/watch_a_neuron.py
"""

import numpy as np

from sterna.emulator import EmulatedLink
from sterna.host import Device
from sterna.spec import OUTPUT, Network, NeuronType, preset

hardware = preset("tiny")
network = Network(
    name="one neuron",
    hardware=hardware,
    crossbars=(np.ones((4, 1), np.int8),),  # four axons, each of weight 1
    core_crossbar=np.zeros(1, np.int32),
    types=np.array([NeuronType(leak=-1, alpha=8).row()], np.int32),
    neuron_type=np.zeros(1, np.int32),
    neuron_potential=np.zeros(1, np.int32),
    targets=np.array([(0, 0, OUTPUT, 0, 0)], np.int32),  # its spikes go to output line 0
    features=4,
    input_map=np.array([(axon, 0, axon) for axon in range(4)], np.int32),
    output_class=np.zeros(1, np.int32),
    latency=0,
)
with Device(EmulatedLink(hardware)) as device:
    device.load(network)
    print("tick  input  potential after it")
    for tick in range(12):
        axons = 4 if tick % 3 else 0
        for axon in range(axons):
            device.inject(0, axon)
        (result,) = device.step()
        potential = int(device.potentials()[0][0])
        picture = "spike" if result.lines[0] else "#" * potential
        print(f"{tick:4}  {axons:5}  {potential:9}  {picture}".rstrip())
