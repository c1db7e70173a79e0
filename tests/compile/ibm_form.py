"""Model files in the form of IBM's tools, drawn; and what they mean, by the neuron's equations.

It shares no code with the reader: texts are put together by hand, spikes worked out in plain
Python (Cassidy et al. 2013; NeMo's importer for the names of types and for VR).
"""

from collections import defaultdict
from dataclasses import dataclass

SIZE = 256
#: Numbers that names of types have: never 0, with gaps, beyond 9 and 15.
NUMBERS = (1, 2, 3, 9, 10, 15, 16, 31, 255, 256, 0xABCDE, 0x7FFFFFFF)


@dataclass
class Kind:
    """A neuron type, under the number in its name."""

    number: int
    weights: tuple[int, ...] = (1, 0, 0, 0)
    leak: int = 0
    epsilon: bool = False
    alpha: int = 1
    beta: int = 0
    gamma: int = 0
    kappa: bool = True
    sigma_vr: int = 1
    vr: int = 0
    initial: int = 0

    def text(self):
        parts = [f'"name":"N{self.number:08X}"', '"class":"NeuronGeneral"']
        for g, weight in enumerate(self.weights):
            parts += [
                f'"sigma{g}":{-1 if weight < 0 else 1}',
                f'"s{g}":{abs(weight)}',
                f'"b{g}":false',
            ]
        truth = {True: "true ", False: "false"}
        parts += [
            f'"sigma_lambda":{-1 if self.leak < 0 else 1}',
            f'"lambda":{abs(self.leak)}',
            '"c_lambda":false',
            f'"epsilon":{truth[self.epsilon]}',
            f'"alpha":{self.alpha}',
            f'"beta":{self.beta}',
            '"TM":0',
            f'"gamma":{self.gamma}',
            f'"kappa":{truth[self.kappa]}',
            f'"sigma_VR":{self.sigma_vr}',
            f'"VR":{self.vr}',
            f'"V":{self.initial}',
        ]
        return "{" + ",".join(parts) + "}"

    def step(self, v, synaptic):
        """The potential after a tick, and whether it fires."""
        v += synaptic
        if self.epsilon:
            sign = (v > 0) - (v < 0)
            v = v + sign * self.leak if (v + sign * self.leak) * sign >= 0 else 0
        else:
            v += self.leak
        reset = self.sigma_vr * (2**self.vr - 1)
        if v >= self.alpha:
            return (reset, v - self.alpha, v)[self.gamma], True
        if v < -self.beta:
            below = (-reset, v + self.beta, v)[self.gamma]
            return (-self.beta if self.kappa else below), False
        return v, False


@dataclass
class Core:
    """Neurons as (number of a type, destination core, axon, delay); all others are not there."""

    axon_types: list[int]
    synapses: dict[int, set[int]]  # axon -> neurons
    neurons: dict[int, tuple[int, int, int, int]]
    inline: bool = True

    def rows(self):
        lines = []
        for axon in range(SIZE):
            bits = sum(1 << (SIZE - 1 - neuron) for neuron in self.synapses.get(axon, ()))
            text = bits.to_bytes(SIZE // 8, "big").hex(" ").upper()
            lines.append(f'/* row */ {{"type":"S{self.axon_types[axon]}","synapses":"{text}"}}')
        return f'"rows":[{",".join(lines)} ]'

    def text(self, number):
        columns = [self.neurons.get(neuron, (0, -1, 0, 1)) for neuron in range(SIZE)]
        names = ("types", "destCores", "destAxons", "destDelays")
        lists = ['"dendrites":["0:255"]']
        for name, column in zip(names, zip(*columns, strict=True), strict=True):
            lists.append(f'"{name}":[{",".join(map(str, column))}]')
        crossbar = self.rows() if self.inline else f'"name":"coreProt{number:07d}"'
        head = f'\t/* Core */\n\t"core":{{"id":{number},"rngSeed":4294967295'
        return f'{head},"neurons":{{{",".join(lists)}}},"crossbar":{{{crossbar}}}}}'


def text_of(kinds, cores):
    """A whole file; the library's crossbars stand out of order."""
    library = [
        f'{{"name":"coreProt{number:07d}","crossbar":{{{core.rows()}}}}}'
        for number, core in enumerate(cores)
        if not core.inline
    ]
    parts = [
        f'{{\n\t/* General "model" */\n\t"model":{{"coreCount":{len(cores)}}}',
        f'\t"crossbarTypes":[{",".join(reversed(library))}]',
        f'\t"neuronTypes":[{",".join(kind.text() for kind in kinds)}]',
        *(core.text(number) for number, core in enumerate(cores)),
    ]
    return ",\n".join(parts) + "\n}\n"


def spikes_of(kinds, cores, inputs, ticks):
    """Every spike, as (tick, core, neuron); inputs are (tick, core, axon)."""
    known = {kind.number: kind for kind in kinds}
    due = defaultdict(set)
    for tick, core, axon in inputs:
        due[tick].add((core, axon))
    v = {
        (number, neuron): known[kind].initial
        for number, core in enumerate(cores)
        for neuron, (kind, *_) in core.neurons.items()
    }
    spikes = []
    for tick in range(ticks):
        for number, core in enumerate(cores):
            axons = [axon for at, axon in due[tick] if at == number]
            for neuron, (kind, to, place, delay) in core.neurons.items():
                synaptic = sum(
                    known[kind].weights[core.axon_types[axon]]
                    for axon in axons
                    if neuron in core.synapses.get(axon, ())
                )
                v[number, neuron], fires = known[kind].step(v[number, neuron], synaptic)
                if fires:
                    spikes.append((tick, number, neuron))
                    if to >= 0:
                        due[tick + delay].add((to, place))
    return sorted(spikes)


def drawn(rng):
    """Kinds and cores of a small random model, whose neurons fire now and then."""
    numbers = rng.choice(NUMBERS, size=6, replace=False).tolist()
    kinds = [
        Kind(
            number,
            tuple(rng.integers(-9, 20, 4).tolist()),
            int(rng.integers(-3, 6)),
            bool(rng.integers(2)),
            int(rng.integers(1, 30)),
            int(rng.integers(0, 12)),
            int(rng.integers(3)),
            bool(rng.integers(2)),
            int(rng.choice([-1, 1])),
            int(rng.integers(0, 4)),
            int(rng.integers(-5, 9)),
        )
        for number in numbers
    ]
    count = int(rng.integers(1, 4))
    cores = []
    for _ in range(count):
        used = range(int(rng.integers(1, 12)))
        neurons = {}
        for neuron in used:
            where = int(rng.integers(4))
            to = {0: -2, 1: -32 - int(rng.integers(3))}.get(where, int(rng.integers(count)))
            place = -1 if to == -2 else int(rng.integers(12))
            neurons[neuron] = (int(rng.choice(numbers)), to, place, int(rng.integers(1, 16)))
        synapses = {axon: {n for n in used if rng.random() < 0.5} for axon in range(12)}
        cores.append(
            Core(rng.integers(0, 4, SIZE).tolist(), synapses, neurons, inline=bool(rng.integers(2)))
        )
    return kinds, cores
