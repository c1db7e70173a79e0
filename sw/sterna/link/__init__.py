"""The channel between host and device without input or output: bytes in, bytes out, a clock."""

from .device import DeviceEnd
from .frames import Frame, FrameReader, decode
from .host import HostEnd, Statistics

__all__ = ["DeviceEnd", "Frame", "FrameReader", "HostEnd", "Statistics", "decode"]
