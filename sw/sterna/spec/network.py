"""A network: crossbars, cores, neurons, targets, and the maps from frames and to classes.

Validated in full on construction, so that whoever holds a `Network` may trust it. How it is kept
in a file: `sterna.spec.network_file`.
"""

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .checks import check_array, check_integer, check_name, check_range, check_trits
from .errors import ConfigError, NetworkError
from .hardware import Hardware
from .neuron import TYPE_COLUMNS, NeuronType

IntArray = npt.NDArray[np.int32]
SeedArray = npt.NDArray[np.uint32]
TritArray = npt.NDArray[np.int8]

#: Features of a frame at most: no message can address more axons.
MOST_FEATURES = 1 << 16
#: Ticks from a frame to its output spikes at most: the longest delay, through as many cores as a
#: tile has.
MOST_LATENCY = 1024
#: In column 2 of `targets`: the target is an output line, not a core.
OUTPUT = -1
TARGET_COLUMNS = ("core", "neuron", "to_core", "to_axon_or_line", "delay")
INPUT_COLUMNS = ("feature", "core", "axon")


@dataclass(frozen=True, kw_only=True)
class Network:
    """A compiled network; all arrays int32 but the crossbars, which are int8.

    Parameters
    ----------
    name : short name, 1..200 printable characters.
    hardware : the parameters it was compiled for; a device with at least these can run it.
    crossbars : trinary weights, one int8 [axons, neurons] array in {-1, 0, +1} each; distinct.
    core_crossbar : [cores] index of each core's crossbar; its shape is the core's size in use.
    types : [types, 17] neuron parameters, columns as `TYPE_COLUMNS`.
    neuron_type : [neurons] index into `types`; neurons of core 0, then of core 1, ...
    neuron_potential : [neurons] initial membrane potential.
    targets : [n, 5] columns `TARGET_COLUMNS`: neuron of core sends to axon of to_core, or to a
        line where to_core is OUTPUT; delay in ticks, 1..max_delay, and 0 for a line.
    features : number of features (0/1) of an input frame, 1..65536.
    input_map : [n, 3] columns `INPUT_COLUMNS`: where each feature of a frame is sent as a spike.
    output_class : [lines] class that a spike on the line votes for, -1 for none.
    latency : ticks from a frame's input to its spikes on the output lines, 0..1024.
    axon_type : [axons] type G of each axon, axons of core 0, then of core 1, ...; all 0 if empty.
    core_seed : [cores] uint32 seed of each core's draws; all 0 if empty.
    provenance : where it came from: seed, data set, accuracy in training; JSON values only.

    Raises
    ------
    NetworkError : names the array, the index, the value and the limit broken.
    """

    name: str
    hardware: Hardware
    crossbars: tuple[TritArray, ...]
    core_crossbar: IntArray
    types: IntArray
    neuron_type: IntArray
    neuron_potential: IntArray
    targets: IntArray
    features: int
    input_map: IntArray
    output_class: IntArray
    latency: int
    axon_type: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))
    core_seed: SeedArray = field(default_factory=lambda: np.zeros(0, np.uint32))
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        check_name(self.name)
        for column, count in (("types", len(TYPE_COLUMNS)), ("targets", 5), ("input_map", 3)):
            check_array(column, getattr(self, column), (None, count))
        for column in ("core_crossbar", "neuron_type", "neuron_potential", "output_class"):
            check_array(column, getattr(self, column), (None,))
        check_array("axon_type", self.axon_type, (None,))
        check_array("core_seed", self.core_seed, (None,), np.uint32)
        self._check_crossbars()
        self._check_axons_and_seeds()
        self._check_neurons()
        self._check_targets()
        self._check_maps()

    def _check_crossbars(self) -> None:
        hw = self.hardware
        for index, crossbar in enumerate(self.crossbars):
            where = f"crossbars[{index}]"
            if getattr(crossbar, "dtype", None) != np.dtype(np.int8):
                raise NetworkError(f"{where} must be an int8 array [axons, neurons]")
            if crossbar.ndim != 2 or 0 in crossbar.shape:
                raise NetworkError(f"{where} must have shape [axons, neurons], each at least 1")
            axons, neurons = crossbar.shape
            if axons > hw.axons or neurons > hw.neurons:
                raise NetworkError(
                    f"{where} is {axons} axons x {neurons} neurons; a core has {hw.axons} x "
                    f"{hw.neurons}: split it into several cores"
                )
            check_trits(where, crossbar)
            crossbar.flags.writeable = False
        check_range("core_crossbar", self.core_crossbar, 0, len(self.crossbars))

    def _check_axons_and_seeds(self) -> None:
        for name, total, what in (
            ("axon_type", int(self.axons.sum()), "axons in use"),
            ("core_seed", self.cores, "entries"),
        ):
            array = getattr(self, name)
            if not array.size and total:
                array = np.zeros(total, array.dtype)
                array.flags.writeable = False
                object.__setattr__(self, name, array)
            if len(array) != total:
                raise NetworkError(
                    f"{name} has {len(array)} entries; the cores have {total} {what}"
                )
        check_range("axon_type", self.axon_type, 0, self.hardware.axon_types)

    def _check_neurons(self) -> None:
        for index, neuron_type in enumerate(self.neuron_types()):
            try:
                neuron_type.validate(self.hardware, f"types[{index}]")
            except ConfigError as error:
                raise NetworkError(str(error)) from None
        total = int(self.first_neuron[-1])
        for name in ("neuron_type", "neuron_potential"):
            if len(getattr(self, name)) != total:
                raise NetworkError(
                    f"{name} has {len(getattr(self, name))} entries; the cores have {total} neurons"
                )
        check_range("neuron_type", self.neuron_type, 0, len(self.types))
        low, high = self.hardware.potential_min, self.hardware.potential_max + 1
        check_range("neuron_potential", self.neuron_potential, low, high)

    def _check_targets(self) -> None:
        core, neuron, to_core, place, delay = self.targets.T
        axons, neurons = self.axons, self.neurons
        check_range("targets.core", core, 0, self.cores)
        check_range("targets.neuron", neuron, 0, neurons[core])
        check_range("targets.to_core", to_core, OUTPUT, self.cores)
        line = to_core == OUTPUT
        limit = np.where(line, len(self.output_class), axons[np.where(line, 0, to_core)])
        check_range("targets.to_axon_or_line", place, 0, limit)
        low = np.where(line, 0, 1)
        bad = np.flatnonzero((delay < low) | (delay > np.where(line, 0, self.hardware.max_delay)))
        if bad.size:
            want = "0 (a line)" if line[bad[0]] else f"1..{self.hardware.max_delay}"
            raise NetworkError(f"targets.delay[{bad[0]}] is {delay[bad[0]]}, the limit is {want}")

    def _check_maps(self) -> None:
        for name, low, high in (("features", 1, MOST_FEATURES), ("latency", 0, MOST_LATENCY)):
            check_integer(name, getattr(self, name), low, high)
        feature, core, axon = self.input_map.T
        check_range("input_map.feature", feature, 0, self.features)
        check_range("input_map.core", core, 0, self.cores)
        check_range("input_map.axon", axon, 0, self.axons[core])
        if len(self.output_class) > self.hardware.lines:
            raise NetworkError(
                f"output_class has {len(self.output_class)} lines, the hardware "
                f"{self.hardware.lines}"
            )
        check_range("output_class", self.output_class, -1, 1 << 16)

    @property
    def cores(self) -> int:
        """Number of cores."""
        return len(self.core_crossbar)

    # worked out once: whoever walks over the cores asks for these at each of them

    @cached_property
    def axons(self) -> IntArray:
        """[cores] axons in use of each core."""
        return self._sizes(0)

    @cached_property
    def neurons(self) -> IntArray:
        """[cores] neurons in use of each core."""
        return self._sizes(1)

    @cached_property
    def first_neuron(self) -> IntArray:
        """[cores + 1] index of each core's first neuron in the neuron arrays; last: their count."""
        return _starts(self.neurons)

    @cached_property
    def first_axon(self) -> IntArray:
        """[cores + 1] index of each core's first axon in `axon_type`; last: their count."""
        return _starts(self.axons)

    def _sizes(self, axis: int) -> IntArray:
        sizes = np.array([crossbar.shape[axis] for crossbar in self.crossbars], np.int32)
        return _fixed(sizes[self.core_crossbar])

    @property
    def classes(self) -> int:
        """Number of classes that the output lines vote for."""
        return int(self.output_class.max(initial=-1)) + 1

    def weights(self, core: int) -> TritArray:
        """The crossbar of a core: int8 [axons, neurons]."""
        return self.crossbars[int(self.core_crossbar[core])]

    def check_spike(self, core: int, axon: int, delay: int) -> None:
        """Raise ConfigError unless core, axon in use and delay of an input spike exist."""
        _check_index("core", core, self.cores)
        _check_index("axon", axon, self.weights(core).shape[0])
        _check_index("delay", delay, self.hardware.delay_slots)

    def axon_types(self, core: int) -> IntArray:
        """The type of each axon of a core: int32 [axons]."""
        first = self.first_axon
        return self.axon_type[first[core] : first[core + 1]]

    def neuron_types(self) -> list[NeuronType]:
        """The rows of `types` by name."""
        return [
            NeuronType(**dict(zip(TYPE_COLUMNS, map(int, row), strict=True))) for row in self.types
        ]

    def replace(self, **changes: Any) -> "Network":
        """A copy with these fields changed, validated anew."""
        return dataclasses.replace(self, **changes)


def _fixed(array: IntArray) -> IntArray:
    """Make an array read-only, and return it."""
    array.flags.writeable = False
    return array


def _starts(sizes: IntArray) -> IntArray:
    return _fixed(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))


def _check_index(name: str, value: object, limit: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ConfigError(f"{name} must be an integer, not {value!r}")
    if not 0 <= value < limit:
        raise ConfigError(f"{name} is {value}, the limit is 0..{limit - 1}")
