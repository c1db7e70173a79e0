"""Single pictures and recordings of a user's own, as examples of one shape."""

import io
import warnings
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .audio import BANDS, mel_pixels, read_wav, resampled
from .files import content, library

#: Suffixes of pictures, and the form that each is read in, whatever it holds.
PICTURES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
RECORDING = ".wav"
#: Seconds of sound that a column of a recording's picture takes in.
WINDOW_S = 0.032
#: Rows or columns of a picture at most, and bytes of its file.
_MOST_SIDE, _MOST_PICTURE = 1 << 14, 1 << 28


def picture(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture, whole, upright and scaled: uint8 [channels, rows, columns].

    It is grey for one channel, else RGB. What is transparent is white; 16-bit pictures keep their
    upper 8 bits.

    Raises DataError that names the file, if it is none in the form of its suffix, or too large.
    """
    channels, rows, columns = shape
    if channels not in (1, 3):
        raise DataError(f"{path}: pictures have 1 channel (grey) or 3 (RGB), not {channels}")
    Image, ImageOps = library("PIL.Image", "Pillow"), library("PIL.ImageOps", "Pillow")
    form, data = PICTURES[path.suffix.lower()], content(path, _MOST_PICTURE)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=[form]) as opened:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if max(opened.size) > _MOST_SIDE:
                raise DataError(f"{path}: has {opened.size} pixels, the limit is {_MOST_SIDE:,}")
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):  # 16 bits, which a plain conversion would cut off at 255
                wide = np.asarray(image)
                image = Image.fromarray((np.clip(wide, 0, 0xFFFF) >> 8).astype(np.uint8))
            elif image.mode == "F":
                raise DataError(f"{path}: its pixels are fractions; store whole numbers 0..255")
            if "A" in image.mode or "transparency" in image.info:
                behind = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(behind, image.convert("RGBA"))
            image = image.convert("L" if channels == 1 else "RGB")
            part = image.resize((columns, rows), Image.Resampling.BILINEAR)
    except DataError:
        raise
    except Exception as error:  # a damaged picture can raise anything
        raise DataError(f"{path}: is no picture in the form {form} ({error})") from None
    pixels = np.asarray(part, np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def recording(path: Path, shape: tuple[int, int, int], rate: int) -> np.ndarray:
    """A recording as mel bands over its whole length: uint8 [1, 32, columns].

    Raises DataError that names the file, or says which shape recordings have.
    """
    if shape[:2] != (1, BANDS):
        raise DataError(
            f"{path}: a recording has 1 channel and {BANDS} rows (mel bands), not {shape[0]} and "
            f"{shape[1]}: the recipe's frame must be [{BANDS}, columns, planes]"
        )
    own_rate, samples = read_wav(path)
    samples = resampled(samples, own_rate, rate)
    centres = (np.arange(shape[2]) + 0.5) * len(samples) / shape[2]
    return mel_pixels(samples, rate, centres.astype(int), round(WINDOW_S * rate))[None]
