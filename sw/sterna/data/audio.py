"""Sound to pictures: reading WAV files, and mel bands over time."""

import math
import wave
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .files import content

#: Mel bands, from the lowest up.
BANDS = 32
#: Decibels below the loudest band and window that become 0; the loudest is 255.
RANGE_DB = 60.0
#: Samples a second that a recording must have at least; TIMIT has 16,000.
LEAST_RATE = 1000
#: Windows whose spectra are in memory at a time.
_AT_ONCE = 1024
_LOWEST_HZ = 100.0
_SPHERE = b"NIST_1A"


def read_wav(path: Path) -> tuple[int, np.ndarray]:
    """Rate in Hz, and samples float64 [n], -1..1, of a mono file with 16 bits a sample.

    Reads RIFF files, and NIST's SPHERE files without compression, as which TIMIT is published.

    Raises DataError that names the file and what is wrong.
    """
    try:
        with path.open("rb") as file:
            sphere = file.read(len(_SPHERE)) == _SPHERE
        if sphere:
            return _sphere(path)
        with wave.open(str(path), "rb") as sound:
            form = sound.getnchannels(), sound.getsampwidth()
            rate, data = sound.getframerate(), sound.readframes(sound.getnframes())
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError, wave.Error) as error:
        raise DataError(f"{path}: is no WAV file ({error})") from None
    if form != (1, 2):
        raise DataError(
            f"{path}: has {form[0]} channels of {8 * form[1]} bits; it must have one of 16"
        )
    return _sound(path, rate, data, "<i2")


def _sphere(path: Path) -> tuple[int, np.ndarray]:
    data = content(path)
    try:
        size = int(data[8:16])
        head = dict(line.split(maxsplit=2)[::2] for line in data[16:size].decode().splitlines()
                    if len(line.split(maxsplit=2)) == 3)  # fmt: skip
        rate, coding = int(head["sample_rate"]), head.get("sample_coding", "pcm")
        form = int(head.get("channel_count", "1")), int(head.get("sample_n_bytes", "2"))
        order = {"01": "<i2", "10": ">i2"}[head.get("sample_byte_format", "01")]
    except (ValueError, KeyError, UnicodeError) as error:
        raise DataError(f"{path}: has a damaged SPHERE header ({error!r})") from None
    if form != (1, 2) or coding != "pcm":
        raise DataError(f"{path}: is coded by {coding!r} in {form}; it must be pcm, (1, 2)")
    return _sound(path, rate, data[size:], order)


def _sound(path: Path, rate: int, data: bytes, order: str) -> tuple[int, np.ndarray]:
    if rate < LEAST_RATE:
        raise DataError(
            f"{path}: has {rate} samples a second; it must have at least {LEAST_RATE:,}"
        )
    samples = np.frombuffer(data[: len(data) // 2 * 2], order) / 32768.0
    if not len(samples):
        raise DataError(f"{path}: has no samples")
    return rate, samples


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
