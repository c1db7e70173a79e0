"""Small networks that tests of several rooms use."""

from typing import Any

import numpy as np

from sterna.spec import OUTPUT, Network, NeuronType, preset


def int32(*rows: Any) -> np.ndarray:
    return np.array(rows, np.int32)


def chain(**changes: Any) -> Network:
    """Two cores on `tiny`: feature i -> axon i of core 0 -> axon i of core 1 -> line i.

    Weights are the identity and alpha is 1, so that a feature comes out as it went in, a tick
    after its frame's. Keyword arguments replace fields of the network.
    """
    size = 4
    fields: dict[str, Any] = dict(
        name="chain",
        hardware=preset("tiny"),
        crossbars=(np.eye(size, dtype=np.int8),),
        core_crossbar=int32(0, 0),
        types=int32(NeuronType().row()),
        neuron_type=np.zeros(2 * size, np.int32),
        neuron_potential=np.zeros(2 * size, np.int32),
        targets=int32(
            *[(0, i, 1, i, 1) for i in range(size)], *[(1, i, OUTPUT, i, 0) for i in range(size)]
        ),
        features=size,
        input_map=int32(*[(i, 0, i) for i in range(size)]),
        output_class=int32(0, 1, 0, 1),
        latency=1,
        provenance={"seed": 1},
    )
    return Network(**fields | changes)
