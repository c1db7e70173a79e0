"""The build hash: tells whether a device is the design that these sources describe."""

import hashlib
import json
from pathlib import Path

import sterna.spec.link
from sterna.spec.hardware import Hardware
from sterna.spec.link import PROTOCOL_VERSION


def build_hash(hardware: Hardware) -> int:
    """64 bits over the sources of the RTL and the spec, the parameters and the protocol version."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps([hardware.as_dict(), PROTOCOL_VERSION]).encode())
    for folder in (Path(__file__).parent, Path(sterna.spec.link.__file__).parent):
        for source in sorted(folder.glob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return int.from_bytes(digest.digest(), "big")
