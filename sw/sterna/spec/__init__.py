"""The contract that all rooms share: hardware, neurons, network file, link and layouts."""

from .errors import (
    ConfigError,
    DataError,
    LinkError,
    MismatchError,
    NetworkError,
    OutputError,
    ProtocolError,
    SternaError,
    ToolError,
)
from .hardware import Hardware
from .image import Image, build_image
from .layers import LayeredNetwork, MapLayer, SpikeMap
from .network import OUTPUT, Network
from .network_file import content_hash, load, load_any, load_layers, save
from .neuron import NeuronType
from .output import append_output, check_folder, check_output, write_output
from .presets import PRESETS, preset, preset_name

__all__ = [
    "OUTPUT",
    "PRESETS",
    "ConfigError",
    "DataError",
    "Hardware",
    "Image",
    "LayeredNetwork",
    "LinkError",
    "MapLayer",
    "MismatchError",
    "Network",
    "NetworkError",
    "NeuronType",
    "OutputError",
    "ProtocolError",
    "SpikeMap",
    "SternaError",
    "ToolError",
    "append_output",
    "build_image",
    "check_folder",
    "check_output",
    "content_hash",
    "load",
    "load_any",
    "load_layers",
    "preset",
    "preset_name",
    "save",
    "write_output",
]
