"""Sound to pictures: reading sound files, resampling, and mel bands over time."""

import io
import math
import warnings
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .files import content, library

#: Mel bands, from the lowest up.
BANDS = 32
#: Decibels below the loudest band and window that become 0; the loudest is 255.
RANGE_DB = 60.0
#: Samples a second that a recording can have.
RATES = range(1000, 192_001)
#: Channels that a recording can have; they are averaged.
_MOST_CHANNELS = 32
#: Bytes of a recording at most: an hour at 16 kHz.
_MOST_BYTES = 1 << 27
#: Windows whose spectra are in memory at a time.
_AT_ONCE = 1024
_LOWEST_HZ = 100.0
_SPHERE = b"NIST_1A"
_SPHERE_HEADER = 1024


def read_wav(path: Path) -> tuple[int, np.ndarray]:
    """Rate in Hz, and samples float64 [n], about -1..1; channels are averaged.

    Reads WAV files of whole numbers of 8 to 32 bits and of floats, and NIST's SPHERE files without
    compression, as which TIMIT is published.

    Raises DataError that names the file and what is wrong; ToolError without SciPy.
    """
    data = content(path, _MOST_BYTES)
    rate, samples = _sphere(path, data) if data.startswith(_SPHERE) else _wav(path, data)
    if not len(samples):
        raise DataError(f"{path}: has no samples")
    return rate, samples


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples at another rate, both in Hz; as they are if it is the same."""
    if rate == wanted:
        return samples
    divisor = math.gcd(rate, wanted)
    signal = library("scipy.signal", "SciPy")
    return signal.resample_poly(samples, wanted // divisor, rate // divisor)


def _check_rate(path: Path, rate: int) -> None:
    if rate not in RATES:
        raise DataError(
            f"{path}: has {rate:,} samples a second; it must have at least {RATES[0]:,} and at "
            f"most {RATES[-1]:,}"
        )


def _wav(path: Path, data: bytes) -> tuple[int, np.ndarray]:
    wavfile = library("scipy.io.wavfile", "SciPy")
    _check_chunks(path, data)
    try:
        with warnings.catch_warnings():
            # chunks that it does not know hold no samples
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate, samples = wavfile.read(io.BytesIO(data))
    except Exception as error:  # a damaged file can raise anything
        raise DataError(f"{path}: is no WAV file that can be read ({error})") from None
    kind, bits = samples.dtype.kind, 8 * samples.dtype.itemsize
    if samples.ndim > 1:
        if samples.shape[1] > _MOST_CHANNELS:
            raise DataError(
                f"{path}: has {samples.shape[1]:,} channels, the limit is {_MOST_CHANNELS}"
            )
        samples = samples.mean(axis=1)
    if kind == "u":
        samples = samples - 128.0  # eight bits lie about 128
    with np.errstate(invalid="ignore"):
        values = samples / (1.0 if kind == "f" else 2.0 ** (bits - 1))
    if not np.isfinite(values).all():
        raise DataError(f"{path}: has a sample that is no number")
    return int(rate), values.astype(np.float64)


def _check_chunks(path: Path, data: bytes) -> None:
    """Raise DataError unless a format and samples are there, as long as their headers say.

    Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0": a
    chunk is a name, its size in 32 bits, and so many bytes, filled up to an even number.
    """
    if data[:4] not in (b"RIFF", b"RIFX", b"RF64") or data[8:12] != b"WAVE":
        raise DataError(f"{path}: is no WAV file: it begins with {data[:12]!r}")
    order = "big" if data[:4] == b"RIFX" else "little"
    at, seen = 12, set[bytes]()
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], order)
        if name == b"data" and data[:4] == b"RF64" and size == 0xFFFFFFFF:
            size = int.from_bytes(data[28:36], "little")
        if name in (b"fmt ", b"data") and size > len(data) - at - 8:
            raise DataError(
                f"{path}: its chunk {name.decode()!r} has {size:,} bytes by its header, and "
                f"{len(data) - at - 8:,} are there: record or copy it anew"
            )
        if name == b"fmt " and not 16 <= size <= 64:
            raise DataError(f"{path}: its format has {size:,} bytes, the limit is 16..64")
        if name == b"fmt ":
            _check_rate(path, int.from_bytes(data[at + 12 : at + 16], order))
        seen.add(name)
        at += 8 + size + size % 2
    for name in (b"fmt ", b"data"):
        if name not in seen:
            raise DataError(f"{path}: has no chunk {name.decode()!r}: it is no sound, or cut short")


def _sphere(path: Path, data: bytes) -> tuple[int, np.ndarray]:
    try:
        size = int(data[8:16])
        head = dict(
            line.split(maxsplit=2)[::2]
            for line in data[16:size].decode().splitlines()
            if len(line.split(maxsplit=2)) == 3
        )
        rate = _integer(head["sample_rate"])
        count = _integer(head.get("sample_count", str((len(data) - size) // 2)))
        coding = head.get("sample_coding", "pcm")
        form = _integer(head.get("channel_count", "1")), _integer(head.get("sample_n_bytes", "2"))
        order = {"01": "<i2", "10": ">i2"}[head.get("sample_byte_format", "01")]
    except (ValueError, KeyError, UnicodeError) as error:
        raise DataError(f"{path}: has a damaged SPHERE header ({error!r})") from None
    if size != _SPHERE_HEADER:
        raise DataError(f"{path}: its SPHERE header has {size} bytes, not {_SPHERE_HEADER}")
    if form != (1, 2) or coding != "pcm":
        raise DataError(f"{path}: is coded by {coding!r} in {form}; it must be pcm, (1, 2)")
    if len(data) - size != 2 * count:
        raise DataError(
            f"{path}: has {len(data) - size:,} bytes of samples, its header says {2 * count:,}"
        )
    _check_rate(path, rate)
    return rate, np.frombuffer(data[size:], order) / 32768.0


def _integer(text: str) -> int:
    """A whole number of a header, which is a short one; raises ValueError."""
    if len(text) > 10:
        raise ValueError(f"{text[:20]!r} is no number that a header has")
    return int(text)


def mel_pixels(samples: np.ndarray, rate: int, centres: np.ndarray, width: int) -> np.ndarray:
    """The loudness of mel bands about some samples, as pixels.

    Parameters
    ----------
    samples : float64 [n]; before and after them is silence.
    rate : Hz.
    centres : int [m], the middle of each window.
    width : samples of a window, which is a Hann window.

    Returns
    -------
    uint8 [BANDS, m] - decibels, from RANGE_DB below the loudest (0) up to it (255).
    """
    padded = np.pad(samples, width)
    start = np.asarray(centres) + width - width // 2
    bank, window = _mel_bank(rate, width).T, np.hanning(width)
    loud = np.empty((len(start), BANDS))
    for at in range(0, len(start), _AT_ONCE):
        part = padded[start[at : at + _AT_ONCE, None] + np.arange(width)] * window
        loud[at : at + _AT_ONCE] = np.abs(np.fft.rfft(part)) ** 2 @ bank
    loud = np.maximum(loud, 1e-12)
    decibels = 10 * np.log10(loud / loud.max())
    return np.clip((decibels / RANGE_DB + 1) * 255, 0, 255).round().astype(np.uint8).T


def _mel_bank(rate: int, width: int) -> np.ndarray:
    """Triangles of equal width on the mel scale: float64 [BANDS, width // 2 + 1]."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (_LOWEST_HZ, rate / 2))
    edges = 700 * (np.power(10.0, np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(width, 1 / rate)
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (bins - left) / (middle - left), (right - bins) / (right - middle)
    bank = np.maximum(np.minimum(rise, fall), 0)
    # a band that is narrower than a bin takes the nearest one
    nearest = np.abs(bins - middle).argmin(axis=1)
    bank[np.arange(BANDS), nearest] = np.maximum(bank[np.arange(BANDS), nearest], 1e-3)
    return bank
