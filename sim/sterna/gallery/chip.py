"""Networks of a chip's size, as those with which TrueNorth was characterised.

Recurrent: every neuron sends to one axon of the chip, every axon hears one neuron, with a delay of
1 to 15 ticks. All fire at one mean rate, and every axon has equally many active synapses, half of
them negative. Source: Merolla et al., Science 345, 2014, with mean rates of 0 to 200 Hz and 0 to
256 synapses; which weights IBM took is not published, so those here are +1 and -1.
"""

import numpy as np

from sterna.spec import ConfigError, Network, NeuronType, preset

#: Axons and neurons of each core.
SIDE = 256
#: Ticks a second of a chip in real time: what makes a rate of one in Hz.
TICKS_A_SECOND = 1000


def chip(*, cores: int, rate: int, synapses: int, seed: int = 0) -> Network:
    """A network of `cores` cores of 256 x 256.

    A neuron gains `rate` a tick, fires at 1,000 and keeps the rest, so that its mean rate is `rate`
    Hz whatever its balanced input is. The membrane potentials begin evenly spread.

    Parameters
    ----------
    cores : from 1 on; TrueNorth has 4,096.
    rate : mean rate in Hz at 1,000 ticks/s, 0..1,000; the published ones end at 200.
    synapses : active ones of each axon, 0..256.

    Raises
    ------
    ConfigError : a number is out of its range.
    """
    for name, value, low, high in (
        ("cores", cores, 1, 1 << 16),
        ("rate", rate, 0, TICKS_A_SECOND),
        ("synapses", synapses, 0, SIDE),
    ):
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value}, the limit is {low}..{high}")
    rng = np.random.default_rng(seed)
    neurons = cores * SIDE
    row = np.zeros(SIDE, np.int8)
    row[:synapses] = -1
    row[: (synapses + 1) // 2] = 1
    rows = np.broadcast_to(row, (SIDE, SIDE))
    core, neuron = np.divmod(np.arange(neurons), SIDE)
    to_core, axon = np.divmod(rng.permutation(neurons), SIDE)
    delay = rng.integers(1, 16, neurons)
    kind = NeuronType(leak=rate, alpha=TICKS_A_SECOND, beta=TICKS_A_SECOND, gamma=1)
    return Network(
        name=f"chip of {cores} cores, {rate} Hz, {synapses} synapses",
        hardware=preset("truenorth"),
        crossbars=tuple(rng.permuted(rows, axis=1) for _ in range(cores)),
        core_crossbar=np.arange(cores, dtype=np.int32),
        types=np.array([kind.row()], np.int32),
        neuron_type=np.zeros(neurons, np.int32),
        neuron_potential=rng.integers(0, TICKS_A_SECOND, neurons, dtype=np.int32),
        targets=np.stack([core, neuron, to_core, axon, delay], axis=1).astype(np.int32),
        features=1,
        input_map=np.zeros((0, 3), np.int32),
        output_class=np.zeros(0, np.int32),
        latency=0,
        core_seed=np.arange(cores, dtype=np.uint32),
    )
