"""Data sets of speech: spoken digits, voice activity, and TIMIT's phones."""

import re
from pathlib import Path

import numpy as np

from sterna.spec import DataError

from .audio import BANDS, mel_pixels, read_wav, resampled
from .examples import Examples
from .files import lines, listed

#: Windows over a spoken digit, spread evenly over the recording.
DIGIT_WINDOWS = 32
DIGITS_SHAPE = (1, BANDS, DIGIT_WINDOWS)
#: Windows about a frame or a phone, 10 ms apart.
FRAME_WINDOWS = 16
FRAMES_SHAPE = (1, BANDS, FRAME_WINDOWS)
#: Recordings of each speaker and digit below this index are the test split.
TEST_BELOW = 5
#: Rates, Hz, that recordings are resampled to: those of the published sets.
DIGITS_RATE, VAD_RATE, TIMIT_RATE = 8000, 16_000, 16_000
#: A label's end at most, in samples or seconds.
_LAST = 1 << 31
_WINDOW_S = 0.032
_HOP_S = 0.010
#: TIMIT's 61 phones as the 39 that are customary; the glottal stop `q` is left out.
#: Source: Lee and Hon 1989.
PHONES = (
    "aa ao",
    "ae",
    "ah ax ax-h",
    "aw",
    "ay",
    "b",
    "ch",
    "d",
    "dh",
    "dx",
    "eh",
    "er axr",
    "ey",
    "f",
    "g",
    "hh hv",
    "ih ix",
    "iy",
    "jh",
    "k",
    "l el",
    "m em",
    "n en nx",
    "ng eng",
    "ow",
    "oy",
    "p",
    "r",
    "s",
    "sh zh",
    "sil h# pau epi pcl tcl kcl bcl dcl gcl",
    "t",
    "th",
    "uh",
    "uw ux",
    "v",
    "w",
    "y",
    "z",
)
_PHONE = {name: label for label, names in enumerate(PHONES) for name in names.split()}
_RECORDING = re.compile(r"(\d)_(\w+)_(\d+)\.wav")


def read_digits(folder: Path, split: str) -> Examples:
    """Spoken digits as mel bands over time; groups are speakers.

    Source: Free Spoken Digit Dataset: `DIGIT_SPEAKER_INDEX.wav`, in the folder or in `recordings`.
    """
    top = folder / "recordings" if (folder / "recordings").is_dir() else folder
    found = [
        (path, match) for path in listed(top, "*.wav") if (match := _RECORDING.fullmatch(path.name))
    ]
    chosen = [
        (path, match) for path, match in found if (int(match[3]) < TEST_BELOW) == (split == "test")
    ]
    if not chosen:
        raise DataError(
            f"{top}: holds no recordings, DIGIT_SPEAKER_INDEX.wav, of the {split} split"
        )
    speakers = sorted({match[2] for _, match in found})
    pixels: list[np.ndarray] = []
    for path, _ in chosen:
        own_rate, samples = read_wav(path)
        samples = resampled(samples, own_rate, DIGITS_RATE)
        centres = (np.arange(DIGIT_WINDOWS) + 0.5) * len(samples) / DIGIT_WINDOWS
        width = _width(DIGITS_RATE)
        pixels.append(mel_pixels(samples, DIGITS_RATE, centres.astype(int), width)[None])
    return Examples(
        np.stack(pixels),
        np.array([int(match[1]) for _, match in chosen], np.int64),
        np.array([speakers.index(match[2]) for _, match in chosen], np.int64),
    )


def read_vad(folder: Path, split: str) -> Examples:
    """Frames of 10 ms, each with what is around it: label 1 where there is speech.

    `train/*.wav` and `test/*.wav`, each with a label track of the same name, `.txt`: lines of
    begin and end in seconds and a label, `speech`, as Audacity writes them; the rest is none.
    Groups are recordings.
    """
    paths = listed(folder / split, "*.wav")
    if not paths:
        raise DataError(f"{folder / split}: holds no recordings, *.wav")
    parts: list[Examples] = []
    for number, path in enumerate(paths):
        rate = VAD_RATE
        own_rate, samples = read_wav(path)
        length = len(samples) / own_rate
        samples = resampled(samples, own_rate, rate)
        centres = np.arange(0, len(samples), round(_HOP_S * rate))
        labels = np.zeros(len(centres), np.int64)
        for begin, end, label in _track(path.with_suffix(".txt"), float, length):
            if label == "speech":
                labels[(centres >= begin * rate) & (centres < end * rate)] = 1
        parts.append(_frames(samples, rate, centres, labels, number))
    return _joined(parts)


def read_timit_frames(folder: Path, split: str) -> Examples:
    """TIMIT: frames of 10 ms, each with what is around it, and its phone; groups are speakers."""
    return _timit(folder, split, whole=False)


def read_timit_phones(folder: Path, split: str) -> Examples:
    """TIMIT: a phone each, by what is around its middle; groups are speakers."""
    return _timit(folder, split, whole=True)


def _timit(folder: Path, split: str, *, whole: bool) -> Examples:
    """Sentences of a split, but for SA1 and SA2, which all speakers read.

    Source: Garofolo et al. 1993: `TRAIN/REGION/SPEAKER/SENTENCE.WAV` with `.PHN`, whose lines are
    begin and end in samples and a phone; the complete test set.
    """
    top = next((path for path in listed(folder) if path.name.lower() == split), folder / split)
    paths = [
        path
        for path in listed(top, "**/*")
        if path.suffix.lower() == ".wav" and not path.name.lower().startswith("sa")
    ]
    if not paths:
        raise DataError(f"{top}: holds no sentences, REGION/SPEAKER/SENTENCE.wav")
    speakers = sorted({path.parent.name for path in paths})
    parts: list[Examples] = []
    for path in paths:
        rate = TIMIT_RATE
        own_rate, samples = read_wav(path)
        length = len(samples)
        samples = resampled(samples, own_rate, rate)
        phones = next(
            (path.with_suffix(end) for end in (".PHN", ".phn") if path.with_suffix(end).is_file()),
            path.with_suffix(".phn"),
        )
        segments = [
            (round(begin * rate / own_rate), round(end * rate / own_rate), _label(phones, name))
            for begin, end, name in _track(phones, int, length)
        ]
        if whole:
            kept = [(begin + end) // 2 for begin, end, label in segments if label is not None]
            labels = [label for _, _, label in segments if label is not None]
            centres = np.array(kept, int)
        else:
            every = np.arange(0, len(samples), round(_HOP_S * rate))
            own = np.full(len(every), -1)
            for begin, end, label in segments:
                own[(every >= begin) & (every < end)] = -1 if label is None else label
            centres, labels = every[own >= 0], own[own >= 0]
        if len(centres):
            parts.append(
                _frames(
                    samples,
                    rate,
                    centres,
                    np.array(labels, np.int64),
                    speakers.index(path.parent.name),
                )
            )
    if not parts:
        raise DataError(f"{top}: its sentences have no phones but glottal stops")
    return _joined(parts)


def _label(path: Path, phone: str) -> int | None:
    """The label of a phone; None for the glottal stop, which is left out."""
    if phone == "q":
        return None
    if phone not in _PHONE:
        raise DataError(f"{path}: no phone {phone!r} in TIMIT's alphabet")
    return _PHONE[phone]


def _track(
    path: Path, kind: type[int] | type[float], length: float
) -> list[tuple[float, float, str]]:
    """Read lines of begin, end and label; `length` of the recording is in the same unit.

    A label may end after the recording, as some of TIMIT's do, but not begin after it.
    """
    rows: list[tuple[float, float, str]] = []
    for line in lines(path):
        try:
            begin, end, label = line.split(maxsplit=2)
            row = kind(begin), kind(end), label
        except ValueError:
            raise DataError(f"{path}: {line!r} is not: begin end label") from None
        if not 0 <= row[0] <= row[1] <= _LAST:
            raise DataError(
                f"{path}: {line!r}: begin and end must be 0..{_LAST:,}, and the end not before "
                "the begin"
            )
        if row[0] > length:
            raise DataError(
                f"{path}: {line!r} begins after the end of the recording, {length:g}: does the "
                "track belong to another recording?"
            )
        rows.append(row)
    return rows


def _width(rate: int) -> int:
    return round(_WINDOW_S * rate)


def _frames(
    samples: np.ndarray, rate: int, centres: np.ndarray, labels: np.ndarray, group: int
) -> Examples:
    """Each centre with the windows about it, which lie 10 ms apart."""
    hop = round(_HOP_S * rate)
    around = (np.arange(FRAME_WINDOWS) - FRAME_WINDOWS // 2) * hop
    at = np.clip(centres[:, None] + around, 0, len(samples) - 1)
    own, which = np.unique(at, return_inverse=True)
    bands = mel_pixels(samples, rate, own, _width(rate))
    inputs = bands[:, which.reshape(at.shape)].transpose(1, 0, 2)[:, None]
    return Examples(np.ascontiguousarray(inputs), labels, np.full(len(labels), group, np.int64))


def _joined(parts: list[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.group for part in parts]),
    )
