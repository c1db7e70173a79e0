"""A device without hardware: the golden model behind the device's side of the link."""

from .link import ModelLink
from .tile import ModelTile

__all__ = ["ModelLink", "ModelTile"]
