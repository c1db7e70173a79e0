"""Networks as the model files of IBM's TrueNorth tools. `ibm_reader` reads them.

The form is JSON with comments and with one key `core` for each core, so that no common reader takes
it whole. A key `sterna` of our own, which other readers pass over, holds what the form has no place
for: names, frames, classes, sizes in use. Without it, a file is read as one that IBM's tools wrote.

A core's `types` are the numbers in the names of neuron types, N0000001F is 31; 0 is no neuron.
`VR` is an exponent: R = sigma_VR (2^VR - 1). A neuron with nothing to send to has the destination
-2, one that is not there -1; -32 and lower numbers leave the chip.

Source: a model file of 4,042 cores, ten public ones, and the JSON of the TrueNorth API.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from sterna.spec import OUTPUT, ConfigError, Network, NeuronType, write_output
from sterna.spec.network import TritArray
from sterna.spec.neuron import AXON_TYPES

from .ibm_runs import pack

#: Axons and neurons of a core.
SIZE = 256
#: A spike to this core, or to one of a lower number, leaves the chip.
FIRST_OUTPUT = -32
#: In place of a core: of a neuron that is not there, and of one without a target.
ABSENT, UNCONNECTED = -1, -2
#: Of the key `sterna`: raised where a reader must know.
FORM = 2


def write_ibm(network: Network, path: str | Path) -> None:
    """Write a network of one target a neuron and of binary crossbars; whole or not at all.

    Raises
    ------
    ConfigError : a neuron has several targets, a crossbar a weight of -1, a type a reset that is no
        sigma (2^VR - 1), or a core more than 256 axons or neurons; says what to do.
    OutputError : the file cannot be written.
    """
    write_output(path, ibm_text(network).encode())


def ibm_text(network: Network) -> str:
    """The text of a network's model file; raises ConfigError as `write_ibm`."""
    _check(network)
    types, type_of = _neuron_types(network)
    prototypes, prototype_of, crossbar_of, unused = _prototypes(network)
    cores = "".join(f',\n\t"core":{_json(core)}' for core in _cores(network, type_of, prototype_of))
    model = {
        "coreCount": network.cores,
        "neuronclass": "NeuronGeneral",
        "crossbarSize": SIZE,
        "crossbarclass": "CrossbarBinary",
        "networking": "INTRA",
        "useCrossbarPrototypes": True,
    }
    sections = {
        "General model parameters": ("model", model),
        "What Sterna keeps beside": ("sterna", _own(network, types, crossbar_of, unused)),
        "Crossbar type library": ("crossbarTypes", prototypes),
        "Neuron type library": ("neuronTypes", [fields for fields, _ in types]),
    }
    body = ",\n".join(
        f'\t/* {title} */\n\t"{key}":{_json(value)}' for title, (key, value) in sections.items()
    )
    return f"{{\n{body}{cores}\n}}\n"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _check(network: Network) -> None:
    core, neuron = network.targets[:, 0], network.targets[:, 1]
    several = np.flatnonzero(np.bincount(network.first_neuron[core] + neuron) > 1)
    way = "compile it for TrueNorth (sterna.compile.compile_truenorth)"
    if several.size:
        raise ConfigError(
            f"network {network.name!r}: neuron {several[0]} has several targets, a TrueNorth "
            f"neuron has one: {way}"
        )
    for index, crossbar in enumerate(network.crossbars):
        if crossbar.min() < 0:
            raise ConfigError(
                f"network {network.name!r}: crossbars[{index}] has a weight of -1, a TrueNorth "
                f"crossbar has 0 and 1: {way}"
            )


def _neuron_types(
    network: Network,
) -> tuple[list[tuple[dict[str, Any], tuple[int, int]]], list[int]]:
    """Types with their initial potential, which IBM's form keeps in the type; and each neuron's."""
    pairs = np.stack([network.neuron_type, network.neuron_potential], axis=1)
    distinct, index = np.unique(pairs, axis=0, return_inverse=True)
    known = network.neuron_types()
    used = set(distinct[:, 0].tolist())
    unused = [[kind, 0] for kind in range(len(known)) if kind not in used]
    types = [
        (_fields(number, known[kind], potential), (kind, potential))
        for number, (kind, potential) in enumerate([*distinct.tolist(), *unused], start=1)
    ]
    return types, (index.ravel() + 1).tolist()


def _fields(number: int, kind: NeuronType, potential: int) -> dict[str, Any]:
    weights = [getattr(kind, f"s{g}") for g in range(AXON_TYPES)]
    encoded = abs(kind.reset).bit_length()
    if abs(kind.reset) != (1 << encoded) - 1:
        raise ConfigError(
            f"a neuron type has the reset {kind.reset}; the form of IBM's tools has +-(2^VR - 1), "
            "so 0, 1, 3, 7, ... of either sign: use one of these"
        )
    return {
        "name": f"N{number:08X}",
        "class": "NeuronGeneral",
        **{f"sigma{g}": -1 if weight < 0 else 1 for g, weight in enumerate(weights)},
        **{f"s{g}": abs(weight) for g, weight in enumerate(weights)},
        **{f"b{g}": bool(getattr(kind, f"b{g}")) for g in range(AXON_TYPES)},
        "sigma_lambda": -1 if kind.leak < 0 else 1,
        "lambda": abs(kind.leak),
        "c_lambda": bool(kind.c),
        "epsilon": bool(kind.epsilon),
        "alpha": kind.alpha,
        "beta": kind.beta,
        "TM": kind.tm,
        "gamma": kind.gamma,
        "kappa": bool(kind.kappa),
        "sigma_VR": -1 if kind.reset < 0 else 1,
        "VR": encoded,
        "V": potential,
    }


def _prototypes(
    network: Network,
) -> tuple[list[dict[str, Any]], list[str], list[int], list[tuple[int, int]]]:
    """Crossbars with the types of their axons; the name of each core's; and which one each is.

    Those that no core has come last; their axons and neurons are the fourth result.
    """
    names: dict[tuple[int, bytes], str] = {}
    prototypes: list[dict[str, Any]] = []
    of_core: list[str] = []
    for core, crossbar in enumerate(network.core_crossbar.tolist()):
        kinds = network.axon_types(core)
        key = crossbar, kinds.tobytes()
        if key not in names:
            names[key] = f"coreProt{len(names):07d}"
            prototypes.append(_prototype(names[key], network.crossbars[crossbar], kinds.tolist()))
        of_core.append(names[key])
    crossbar_of = [crossbar for crossbar, _ in names]
    unused = sorted({*range(len(network.crossbars))} - {*crossbar_of})
    for crossbar in unused:
        name = f"coreProt{len(prototypes):07d}"
        prototypes.append(_prototype(name, network.crossbars[crossbar], []))
    return (
        prototypes,
        of_core,
        [*crossbar_of, *unused],
        [network.crossbars[crossbar].shape for crossbar in unused],
    )


def _prototype(name: str, weights: TritArray, kinds: list[int]) -> dict[str, Any]:
    padded = np.zeros((SIZE, SIZE), np.uint8)
    padded[: weights.shape[0], : weights.shape[1]] = weights
    bits = np.packbits(padded, axis=1)  # neuron 0 is the highest bit of the first byte
    types = [*kinds, *[0] * (SIZE - len(kinds))]
    rows = [
        {"type": f"S{kind}", "synapses": row.tobytes().hex(" ").upper()}
        for kind, row in zip(types, bits, strict=True)
    ]
    return {"name": name, "crossbar": {"rows": rows}}


def _cores(network: Network, type_of: list[int], prototype_of: list[str]) -> list[dict[str, Any]]:
    dest = np.full((network.cores, SIZE, 3), [ABSENT, 0, 1], np.int64)
    for number, count in enumerate(network.neurons.tolist()):
        dest[number, :count] = UNCONNECTED, -1, 1
    core, neuron, to_core, place, delay = network.targets.astype(np.int64).T
    out = to_core == OUTPUT
    dest[core, neuron, 0] = np.where(out, FIRST_OUTPUT - place // SIZE, to_core)
    dest[core, neuron, 1] = np.where(out, place % SIZE, place)
    dest[core, neuron, 2] = np.where(out, 1, delay)
    cores: list[dict[str, Any]] = []
    for number in range(network.cores):
        start, end = network.first_neuron[number : number + 2]
        types = [*type_of[start:end], *[0] * (SIZE - int(end - start))]
        cores.append(
            {
                "id": number,
                "timeScaleExponent": 0,
                "rngSeed": int(network.core_seed[number]),
                "neurons": {
                    "dendrites": [f"0:{SIZE - 1}"],
                    "types": pack(types),
                    **{
                        name: pack(dest[number, :, column].tolist())
                        for column, name in enumerate(("destCores", "destAxons", "destDelays"))
                    },
                },
                "crossbar": {"name": prototype_of[number]},
            }
        )
    return cores


def _own(
    network: Network,
    types: list[tuple[dict[str, Any], tuple[int, int]]],
    crossbar_of: list[int],
    unused: list[tuple[int, int]],
) -> dict[str, Any]:
    """Data that the form has no place for; `typeOf`, `crossbarOf`: our numbers of its library's."""
    core, neuron, to_core, _, _ = network.targets.T
    # the reader has them by core and neuron, lines last
    order = np.lexsort([neuron, core, to_core == OUTPUT])
    ordered = (order == np.arange(len(order))).all()
    return {
        "form": FORM,
        **({} if ordered else {"targetOrder": pack(np.argsort(order).tolist())}),
        **({"unusedCrossbars": unused} if unused else {}),
        "name": network.name,
        "hardware": network.hardware.as_dict(),
        "features": network.features,
        "latency": network.latency,
        "provenance": network.provenance,
        "typeOf": [kind for _, (kind, _) in types],
        "crossbarOf": crossbar_of,
        "axons": pack(network.axons.tolist()),
        "neurons": pack(network.neurons.tolist()),
        "inputMap": [pack(column.tolist()) for column in network.input_map.T],
        "inputs": len(network.input_map),
        "outputClass": pack(network.output_class.tolist()),
        "lines": len(network.output_class),
    }
