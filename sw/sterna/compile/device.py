"""A layered network for one device: its windows share cores as the device has room."""

from collections.abc import Iterator

from sterna.spec import ConfigError, Hardware, Network, build_image
from sterna.spec.expand import expand
from sterna.spec.layers import LayeredNetwork

from .single_target import single_targets

#: Windows that share a core where they overlap, in the order in which they are tried.
PACKS = ((1, 1), (1, 2), (2, 2))


def compile_layers(network: LayeredNetwork, hardware: Hardware) -> Network:
    """The network as explicit cores that are proven to fit the device.

    Windows have cores of their own, so that most cores share a crossbar; where the device has too
    few cores, windows that overlap share one. Where its target table is too small, neurons are
    copied, and splitters made, so that each has one target.

    Raises
    ------
    ConfigError : names the layer or the memory, the limit, and by how much it is broken.
    """
    refused: ConfigError | None = None
    for candidate in _candidates(network, hardware):
        try:
            build_image(candidate, hardware)  # the last word on what fits is the memories' own
        except ConfigError as error:
            refused = refused or error
        else:
            return candidate
    assert refused is not None  # the plain expansion at least was refused
    raise refused


def _candidates(network: LayeredNetwork, hardware: Hardware) -> Iterator[Network]:
    """Forms of the network, the plainest first."""
    expansions = [expand(network, pack, hardware=hardware) for pack in PACKS]
    for expansion in expansions:
        yield expansion.network
    for expansion in expansions:
        try:
            yield single_targets(expansion.network, expansion.stages, hardware).network
        except ConfigError:  # no room for splitters, or for the delay past them
            continue
