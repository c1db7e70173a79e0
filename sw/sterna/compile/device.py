"""A layered network for one device: its windows share cores as far as the device needs."""

from sterna.spec import ConfigError, Hardware, Network, build_image
from sterna.spec.expand import Expansion, expand
from sterna.spec.layers import LayeredNetwork

from .cost import estimate, of_packing
from .packing import candidates
from .single_target import single_targets

#: Resources that packing saves, or cannot change; a candidate that lacks none of the others may
#: fit all the same: equal groups share a crossbar, and copies take fewer target entries.
_TRADED = {"crossbar words", "target entries"}


def compile_layers(network: LayeredNetwork, hardware: Hardware) -> Network:
    """The network as explicit cores that are proven to fit the device.

    Windows have cores of their own, so that most cores share a crossbar; where the device has too
    few cores or targets, windows share cores, and groups where axons are left, as far as needed
    (`sterna.compile.packing`). Where its target table is too small all the same, neurons are
    copied, and splitters made, so that each has one target.

    Raises
    ------
    ConfigError : names the nearest packing, the layer or the memory, the limit, and by how much it
        is broken.
    """
    refused: ConfigError | None = None
    tried: list[Expansion] = []
    for packing in candidates(network, hardware):
        cost = of_packing(network, hardware, packing)
        if {use.resource for use in cost.over} - _TRADED:
            continue
        tried.append(expand(network, packing, hardware=hardware))
        try:
            return proven(tried[-1].network, hardware)
        except ConfigError as error:
            refused = error
    for expansion in tried:
        try:
            return proven(
                single_targets(expansion.network, expansion.stages, hardware).network, hardware
            )
        except ConfigError:  # no room for copies or splitters, or for the delay past them
            continue
    nearest = estimate(network, hardware)
    if nearest.fits and refused is not None:  # what shapes do not tell
        raise refused
    raise ConfigError(nearest.refusal(network.name))


def proven(network: Network, hardware: Hardware) -> Network:
    """The network, if it fits; ConfigError if not. The memories' own word is the last one."""
    build_image(network, hardware)
    return network
