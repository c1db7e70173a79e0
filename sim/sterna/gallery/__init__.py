"""The twenty behaviours of Izhikevich, each as a network of one or two neurons of one core.

Source: Izhikevich, "Which model to use for cortical spiking neurons?", IEEE Transactions on Neural
Networks 15(5), 2004; that this neuron has them all: Cassidy et al., "Cognitive computing building
block", IJCNN 2013. Parameters that neither prints are our own.
"""

from pathlib import Path

from sterna.spec import save

from . import echoes, excitability, inhibition, spiking
from .behaviour import OWN, Behaviour, Trace, holds, record, trace

__all__ = ["OWN", "Behaviour", "Trace", "behaviours", "holds", "record", "trace", "write"]


def behaviours() -> list[Behaviour]:
    """All twenty, in Izhikevich's order."""
    return [
        spiking.tonic_spiking(),
        spiking.phasic_spiking(),
        spiking.tonic_bursting(),
        spiking.phasic_bursting(),
        spiking.mixed_mode(),
        spiking.adaptation(),
        excitability.class_1(),
        excitability.class_2(),
        excitability.latency(),
        echoes.oscillation(),
        echoes.resonator(),
        excitability.integrator(),
        inhibition.rebound_spike(),
        inhibition.rebound_burst(),
        echoes.threshold_variability(),
        excitability.bistability(),
        echoes.after_potential(),
        excitability.accommodation(),
        inhibition.induced_spiking(),
        inhibition.induced_bursting(),
    ]


def write(folder: Path) -> list[Path]:
    """Write each behaviour's network to the folder, numbered; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for behaviour in behaviours():
        path = folder / f"{behaviour.number:02}-{behaviour.network.name}.sterna"
        save(behaviour.network, path)
        paths.append(path)
    return paths
