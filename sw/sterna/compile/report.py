"""The resources that a compiled network takes."""

from dataclasses import dataclass

from sterna.spec import Hardware, Network
from sterna.spec.image import network_fan_out


@dataclass(frozen=True)
class Use:
    """How much of one resource a network takes: `used` of `available`."""

    resource: str
    used: int
    available: int

    def __str__(self) -> str:
        return f"{self.resource}: {self.used} of {self.available}"


def report(network: Network, hardware: Hardware | None = None) -> list[Use]:
    """Use of each resource of a device (default: that which the network was compiled for)."""
    device = hardware or network.hardware
    lanes = device.lanes
    words = sum(
        -(-crossbar.shape[1] // lanes) * crossbar.shape[0] for crossbar in network.crossbars
    )
    return [
        Use("cores", network.cores, device.contexts),
        Use("axons", int(network.axons.sum()), device.contexts * device.axons),
        Use("neurons", int(network.neurons.sum()), device.contexts * device.neurons),
        Use("crossbar words", words, device.crossbar_words),
        Use("neuron types", len(network.types), device.types),
        Use(
            "target entries",
            int((network.neurons * network_fan_out(network)).sum()),
            device.targets,
        ),
        Use("output lines", len(network.output_class), device.lines),
    ]
