"""The suffix of a file for USB's DFU (device firmware upgrade): which device it is for, and a CRC.

A loader refuses a file for another device, or one that is cut. A board's bootloader may ask for it.

Source: USB Device Firmware Upgrade Specification, revision 1.1, appendix B.
"""

import struct
import zlib

#: bcdDevice (any), idProduct, idVendor, bcdDFU, "DFU" backwards, length of the suffix.
_FIELDS = struct.Struct("<HHHH3sB")
_CRC = struct.Struct("<I")
_ANY_DEVICE, _DFU_1_0 = 0xFFFF, 0x0100
SUFFIX_BYTES = _FIELDS.size + _CRC.size


def with_suffix(content: bytes, usb: tuple[int, int]) -> bytes:
    """A file's content with the suffix for the device of these vendor and product."""
    vendor, product = usb
    whole = content + _FIELDS.pack(_ANY_DEVICE, product, vendor, _DFU_1_0, b"UFD", SUFFIX_BYTES)
    # the specification's CRC lacks the inversion at its end, which zlib's has
    return whole + _CRC.pack(zlib.crc32(whole) ^ 0xFFFFFFFF)
