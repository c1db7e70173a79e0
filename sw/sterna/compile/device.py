"""A layered network for one device: its windows share cores as the device has room."""

from sterna.spec import ConfigError, Hardware, Network, build_image
from sterna.spec.expand import expand
from sterna.spec.layers import LayeredNetwork

#: Windows that share a core where they overlap, in the order in which they are tried.
PACKS = ((1, 1), (1, 2), (2, 2))


def compile_layers(network: LayeredNetwork, hardware: Hardware) -> Network:
    """The network as explicit cores that are proven to fit the device.

    Returns
    -------
    Network - of the fewest windows a core with which it fits: that shares most crossbars.

    Raises
    ------
    ConfigError : names the layer or the memory, the limit, and by how much it is broken.
    """
    refused: ConfigError | None = None
    for pack in PACKS:
        expanded = expand(network, pack, hardware=hardware).network
        try:
            build_image(expanded, hardware)  # the last word on what fits is the memories' own
        except ConfigError as error:
            refused = error
        else:
            return expanded
    assert refused is not None  # there is a pack at least
    raise refused
