"""The host's side: links to a device, its driver, and spike coding."""

from sterna.link import Statistics
from sterna.spec.results import TickResult, classify

from .channel import Channel
from .coding import FrameEncoder
from .device import Device
from .links import Link, open_link
from .session import DeviceInfo, Session

__all__ = [
    "Channel",
    "Device",
    "DeviceInfo",
    "FrameEncoder",
    "Link",
    "Session",
    "Statistics",
    "TickResult",
    "classify",
    "open_link",
]
