"""Fuzz targets for the readers of data sets: one file of a small set is mutated."""

import io
import pickle
import random
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat, wavfile

from sterna.data.sets import SETS

from .mutate import damaged

_RNG = np.random.default_rng(1)
Make = Callable[[random.Random], bytes]


def _saved(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _picture(form: str) -> bytes:
    pixels = _RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return _saved(lambda file: Image.fromarray(pixels).save(file, form))


def _wav(dtype: str) -> bytes:
    samples = _RNG.integers(-9999, 9999, 1600).astype(dtype)
    return _saved(lambda file: wavfile.write(file, 16000, samples))


def _sphere() -> bytes:
    head = (
        "NIST_1A\n   1024\nsample_rate -i 16000\nchannel_count -i 1\nsample_n_bytes -i 2\n"
        "sample_count -i 1600\nsample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n"
    )
    return head.encode().ljust(1024) + _RNG.integers(-9, 9, 1600).astype("<i2").tobytes()


#: Opcodes of pickles with their arguments; some of them are not allowed in a batch.
_OPCODES = [
    *(b"(", b".", b"0", b"1", b"2", b"N", b"a", b"b", b"d", b"}", b"e", b"l", b"]", b"o", b"s"),
    *(b"t", b")", b"R", b"u", b"\x81", b"\x85", b"\x86", b"\x87", b"\x88", b"\x93", b"\x94", b"Q"),
    *(b"q\x00", b"h\x00", b"q\x01", b"h\x01", b"r\xff\xff\xff\x7f", b"j\0\0\0\0"),
    *(b"K\x01", b"M\x00\x0c", b"J\xff\xff\xff\xff", b"\x8a\x08\0\0\0\0\0\0\0\x7f", b"I3\n"),
    *(b"U\x04data", b"U\x06labels", b"X\x01\0\0\0|", b"U\x02u1", b"U\x02O8", b"B\x03\0\0\0abc"),
    *(b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\ndtype\n"),
    *(b"c_codecs\nencode\n", b"cos\nsystem\n", b"ios\nsystem\n", b"\x82\x01", b"\x80\x05", b"\x97"),
    b"(tq\x00" + b"0h\x00h\x00\x86q\x00" * 60,
    b"(" * 5_000 + b"t" * 5_000,
    b"]" * 3_000 + b"a" * 2_999,
]


def _pickles(batch: bytes) -> Make:
    """Damaged batches, batches with inserted opcodes, and random opcodes."""

    def make(rng: random.Random) -> bytes:
        kind = rng.random()
        if kind < 0.6:
            return damaged(batch, rng)
        some = b"".join(rng.choice(_OPCODES) for _ in range(rng.randrange(1, 12)))
        if kind < 0.8:
            at = rng.randrange(min(len(batch), 300))
            return batch[:at] + some + batch[at + rng.randrange(4) :]
        return b"\x80\x02" + some + rng.choice((b".", b"", b"b.", b"R.", b"s."))

    return make


def text(seed: str) -> Make:
    """A damaged text, or the text with one word replaced by another or by an odd one."""
    odd = (
        "",
        "-1",
        "1e400",
        "nan",
        "9" * 4000,
        "99999999999999999999",
        "../x",
        "/",
        "\0",
        "\t",
        "\ufeff",
    )

    def make(rng: random.Random) -> bytes:
        if rng.random() < 0.4:
            return damaged(seed.encode(), rng)
        words = re.split(r"([][ ,;.\n]+)", seed)
        words[rng.randrange(len(words))] = rng.choice((*odd, *words))
        return "".join(words).encode()

    return make


def _bytes(data: bytes) -> Make:
    return lambda rng: damaged(data, rng)


def set_targets(target: Callable[[Callable[[Path], object], Make], object]) -> dict[str, object]:
    """Return the targets by name; `target` makes one of a reader and a mutator."""
    pixels = _RNG.integers(0, 256, (1, 3072), dtype=np.uint8)
    batch = pickle.dumps({"batch_label": "1 of 1", "labels": [3], "data": pixels}, protocol=2)
    cut = _RNG.integers(0, 256, (32, 32, 3, 2), dtype=np.uint8)
    values = {"X": cut, "y": np.array([[1], [10]])}
    mats = [
        _saved(lambda file, how=how: savemat(file, values, do_compression=how))
        for how in (False, True)
    ]
    table = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000.ppm;16;16;1;1;9;9;7\n"
    events = b"".join(struct.pack(">BBBH", x, 33 - x, x % 2 << 7, 9 * x) for x in range(34))
    gtsrb, logos = "Final_Test/Images", "classes/{}/bmw/1.jpg"
    boxes, jpg = f"{logos}.bboxes.txt".format("masks"), logos.format("jpg")
    listed = "bmw,1.jpg\nbmw,1.jpg\nno-logo,2.jpg\n"
    ppm, jpeg, rows = _picture("PPM"), _picture("JPEG"), "x y w h\n1 1 9 9\n2 2 3 3\n"
    phones, sentence = "0 800 h#\n800 900 q\n900 1600 ao\n", "TEST/DR1/M/SI1"
    wavs = [_wav(kind) for kind in ("i2", "u1", "f4")]
    labels = "0.01 0.05 speech\n0.05 0.07 music\n"
    # data set, its other files, the file to mutate, and its mutator
    sets: dict[str, tuple[str, dict[str, bytes], str, Make]] = {
        "pickle": ("cifar10", {}, "test_batch", _pickles(batch)),
        "mat": ("svhn", {}, "test_32x32.mat", lambda rng: damaged(rng.choice(mats), rng)),
        "table": ("gtsrb", {f"{gtsrb}/00000.ppm": ppm}, f"{gtsrb}/GT-final_test.csv", text(table)),
        "ppm": (
            "gtsrb",
            {f"{gtsrb}/GT-final_test.csv": table.encode()},
            f"{gtsrb}/00000.ppm",
            _bytes(ppm),
        ),
        "list": (
            "flickrlogos-32",
            {boxes: rows.encode(), jpg: jpeg},
            "testset-logosonly.txt",
            text(listed),
        ),
        "boxes": (
            "flickrlogos-32",
            {"testset-logosonly.txt": listed.encode(), jpg: jpeg},
            boxes,
            text(rows),
        ),
        "jpg": (
            "flickrlogos-32",
            {"testset-logosonly.txt": listed.encode(), boxes: rows.encode()},
            jpg,
            _bytes(jpeg),
        ),
        "wav": ("spoken-digits", {}, "3_ann_0.wav", lambda rng: damaged(rng.choice(wavs), rng)),
        "sphere": (
            "timit-frames",
            {f"{sentence}.PHN": phones.encode()},
            f"{sentence}.WAV",
            _bytes(_sphere()),
        ),
        "phones": ("timit-phones", {f"{sentence}.WAV": _sphere()}, f"{sentence}.PHN", text(phones)),
        "labels": ("vad", {"test/a.wav": _wav("i2")}, "test/a.txt", text(labels)),
        "events": ("nmnist-events", {}, "Test/3/1.bin", _bytes(events)),
    }
    return {name: target(_reader(*parts[:3]), parts[3]) for name, parts in sets.items()}


def _reader(name: str, others: dict[str, bytes], own: str) -> Callable[[Path], object]:
    """Return a reader of the set with the given file in the place of `own`."""

    def read(path: Path) -> object:
        folder = path.parent / f"{path.name}.set"
        if not folder.exists():
            for file, data in {**others, own: b""}.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(data)
        shutil.move(path, folder / own)
        return SETS[name].load(folder, "test")

    return read
