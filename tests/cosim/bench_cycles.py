"""In-simulator test: cycles a tick against the bound, all cores full-size and firing."""

import cocotb
import numpy as np

from sterna.model import GoldenModel
from sterna.spec import OUTPUT, Hardware, Network, NeuronType
from tests.cosim.bench_tile import TileBench, setup


def full_network(rng: np.random.Generator, hardware: Hardware) -> Network:
    """Every core full-size; about a tenth of the neurons fire, each to one output line."""
    cores, axons = hardware.contexts, hardware.axons
    neurons = min(hardware.neurons, hardware.targets // cores)
    total = cores * neurons
    targets = [(c, n, OUTPUT, n, 0) for c in range(cores) for n in range(neurons)]
    inputs = [(c * axons + a, c, a) for c in range(cores) for a in range(axons)]
    return Network(
        name="full",
        hardware=hardware,
        crossbars=tuple(
            rng.integers(-1, 2, (axons, neurons)).astype(np.int8) for _ in range(cores)
        ),
        core_crossbar=np.arange(cores, dtype=np.int32),
        types=np.array([NeuronType(alpha=8).row()], np.int32),
        neuron_type=np.zeros(total, np.int32),
        neuron_potential=np.zeros(total, np.int32),
        targets=np.array(targets, np.int32),
        features=cores * axons,
        input_map=np.array(inputs, np.int32),
        output_class=np.zeros(neurons, np.int32),
        latency=0,
    )


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def test_cycles_are_within_15_percent_of_the_bound(dut) -> None:
    hardware, seed, *_ = setup()
    rng = np.random.default_rng(seed)
    network = full_network(rng, hardware)
    model = GoldenModel(network)
    bench = TileBench(dut, hardware, network, "none", seed)
    await bench.start()
    for active in (64, hardware.axons):
        frame = np.zeros((hardware.contexts, hardware.axons), bool)
        for core in frame:
            core[rng.choice(hardware.axons, active, replace=False)] = True
        expected = model.step(frame.ravel())
        await bench.put(frame.ravel())
        await bench.grants.send(1)
        lines, number, cycles = await bench.tick()
        bench.compare(expected, lines, number)
        bound = hardware.bound(expected.active_by_type(network), network.neurons.tolist())
        dut._log.info("%d active axons: %d cycles, bound %d: %.3f", active, cycles, bound,
                      cycles / bound)  # fmt: skip
        assert bound <= cycles <= 1.15 * bound
