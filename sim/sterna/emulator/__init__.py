"""A device without hardware: the golden model behind the device's side of the link."""

from .link import EmulatedLink
from .tile import EmulatedTile

__all__ = ["EmulatedLink", "EmulatedTile"]
