"""Data sets of sound: recordings of every form and rate, and headers that lie."""

import struct
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from sterna.data import audio, speech
from sterna.data.sets import SETS
from sterna.spec import DataError

RNG = np.random.default_rng(1)


def load(name, folder, split="train"):
    return SETS[name].load(folder, split)


def tone(path, hertz, seconds=0.5, rate=8000, channels=1, bytes_=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = np.sin(np.arange(int(rate * seconds)) / rate * 2 * np.pi * hertz) * 9000
    samples = wanted.astype("<i2")
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(bytes_)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return samples


def test_a_tone_lies_in_its_mel_band():
    rate = 8000
    low, high = (
        audio.mel_pixels(
            np.sin(np.arange(4000) / rate * 2 * np.pi * hertz), rate, np.arange(500, 3500, 250), 256
        )
        for hertz in (300, 2500)
    )
    assert low.shape == (audio.BANDS, 12)
    assert low.max() == high.max() == 255
    assert (low.argmax(axis=0) < 8).all()
    assert (high.argmax(axis=0) > 20).all()
    assert low[31].max() < 50


def test_spoken_digits_split_by_index_and_grouped_by_speaker(tmp_path):
    for name in ("3_ann_0", "3_ann_5", "7_bob_12", "7_bob_4"):
        tone(tmp_path / "recordings" / f"{name}.wav", 500)
    (tmp_path / "recordings" / "notes.txt").write_text("")
    train, test = load("spoken-digits", tmp_path), load("spoken-digits", tmp_path, "test")
    assert (train.labels.tolist(), test.labels.tolist()) == ([3, 7], [3, 7])
    assert train.group.tolist() == [0, 1]
    assert train.inputs.shape == (2, 1, 32, 32)
    assert train.inputs.max() == 255


def test_frames_of_speech_have_labels_by_their_time(tmp_path):
    tone(tmp_path / "train" / "a.wav", 500, seconds=1, rate=16000)
    (tmp_path / "train" / "a.txt").write_text("0.2\t0.5\tspeech\n0.5\t0.7\tmusic\n")
    seen = load("vad", tmp_path)
    assert seen.inputs.shape == (100, 1, 32, 16)
    assert np.flatnonzero(seen.labels).tolist() == list(range(20, 50))


def sphere(path, samples, rate=16000, coding="pcm"):
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f"NIST_1A\n   1024\nsample_rate -i {rate}\nchannel_count -i 1\nsample_n_bytes -i 2\n"
        f"sample_byte_format -s2 01\nsample_coding -s{len(coding)} {coding}\n"
        "end_head\n"
    )
    path.write_bytes(head.encode().ljust(1024) + samples.tobytes())


def timit(folder):
    samples = RNG.integers(-999, 999, 16000).astype("<i2")
    for name, phones in (
        ("SI1", "0 4000 h#\n4000 8000 ao\n8000 9000 q\n9000 16000 zh\n"),
        ("SA1", "0 16000 h#\n"),
    ):
        sphere(folder / "TEST" / "DR1" / "MABC0" / f"{name}.WAV", samples)
        (folder / "TEST" / "DR1" / "MABC0" / f"{name}.PHN").write_text(phones)
    return samples


def test_timit_in_frames_and_in_phones(tmp_path):
    samples = timit(tmp_path)
    rate, seen = audio.read_wav(tmp_path / "TEST" / "DR1" / "MABC0" / "SI1.WAV")
    assert rate == 16000
    np.testing.assert_array_equal(seen * 32768, samples)
    phones = load("timit-phones", tmp_path, "test")
    folded = [speech.PHONES[label].split()[0] for label in phones.labels]
    assert folded == ["sil", "aa", "sh"]
    frames = load("timit-frames", tmp_path, "test")
    assert len(frames) == 100 - 7  # without the glottal stop, from 50.0 to 56.25 frames
    assert np.bincount(frames.labels)[frames.labels[0]] == 25
    # a phone is its middle frame
    middle = frames.inputs[int(6000 / 160)]
    assert (np.abs(phones.inputs[1].astype(int) - middle) < 200).all()


def test_the_customary_39_phones_are_there():
    assert len(speech.PHONES) == 39
    assert len({name for names in speech.PHONES for name in names.split()}) == 61


def test_wrong_sounds_are_named(tmp_path):
    timit(tmp_path)
    phn = tmp_path / "TEST" / "DR1" / "MABC0" / "SI1.PHN"
    for text, said in (
        ("0 10 xx\n", "no phone 'xx'"),
        ("0 aa\n", "'0 aa' is not: begin end"),
        ("0 9 aa\n0 1\n", "is not: begin"),
        ("0 9 aa\n16001 16002 aa\n", "begins after .* 16000: does the track"),
    ):
        phn.write_text(text)
        with pytest.raises(DataError, match=said):
            load("timit-phones", tmp_path, "test")
    phn.unlink()
    with pytest.raises(DataError, match=r"SI1\.phn: no such file"):
        load("timit-phones", tmp_path, "test")
    path = tmp_path / "x.wav"
    for content, said in ((b"RIFF", "is no WAV file"), (b"NIST_1A\n   10xx\n", "damaged SPHERE")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=said):
            audio.read_wav(path)
    sphere(path, np.zeros(9, "<i2"), coding="ulaw")
    with pytest.raises(DataError, match="is coded by 'ulaw'"):
        audio.read_wav(path)
    tone(path, 500, seconds=0)
    with pytest.raises(DataError, match="has no samples"):
        audio.read_wav(path)
    tone(path, 5, seconds=2, rate=40)
    with pytest.raises(DataError, match="has 40 samples a second; it must have at least 1,000"):
        audio.read_wav(path)


FORMS = [  # of samples, and of what a file of them holds
    (np.uint8, lambda x: np.round(x * 127 + 128), 0.012),
    (np.int16, lambda x: np.round(x * 32767), 1e-4),
    (np.int32, lambda x: np.round(x * (2**31 - 1)), 1e-8),
    (np.float32, lambda x: x, 1e-7),
    (np.float64, lambda x: x, 0),
]


@pytest.mark.parametrize(("dtype", "scaled", "error"), FORMS)
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_is_read_in_all_forms(tmp_path, dtype, scaled, error, channels):
    wanted = np.sin(np.arange(400) / 7) * 0.9
    both = np.stack([wanted, wanted * 0.5], axis=1) if channels == 2 else wanted
    wavfile.write(tmp_path / "x.wav", 8000, scaled(both).astype(dtype))
    rate, seen = audio.read_wav(tmp_path / "x.wav")
    assert rate == 8000
    np.testing.assert_allclose(seen, wanted * (0.75 if channels == 2 else 1), atol=error + 1e-9)


def test_24_bits_in_the_extensible_form_are_read(tmp_path):
    """The form that recorders write; the bytes are by the format's own page, not by a library."""
    samples = [0, 1, -1, 8388607, -8388608, 4194304]
    raw = b"".join(one.to_bytes(3, "little", signed=True) for one in samples)
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 48000, 144000, 3, 24, 22, 24, 4) + guid
    odd = b"bext" + struct.pack("<I", 3) + b"abc\0"
    chunks = (
        b"WAVE"
        + odd
        + b"fmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", len(raw))
        + raw
    )
    (tmp_path / "x.wav").write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    rate, seen = audio.read_wav(tmp_path / "x.wav")
    assert rate == 48000
    np.testing.assert_allclose(seen, np.array(samples) / 2**23, atol=1e-12)


@pytest.mark.parametrize("rate", [16_000, 11_025, 44_100, 48_000, 6000])
def test_a_recording_at_another_rate_is_the_same_picture(tmp_path, rate):
    """The mel bank once followed the file's rate: 92 % right became 43 % at 16 kHz, and no word."""
    seen = {}
    for name, own in (("as_published", speech.DIGITS_RATE), ("other", rate)):
        time = np.arange(own // 2) / own
        chirp = np.sin(2 * np.pi * (300 * time + 2000 * time**2)) * 9000
        (tmp_path / name).mkdir()
        wavfile.write(tmp_path / name / "3_ann_0.wav", own, chirp.astype(np.int16))
        seen[name] = load("spoken-digits", tmp_path / name, "test").inputs[0, 0].astype(int)
    low = slice(0, 20)  # below what 6 kHz holds
    difference = np.abs(seen["as_published"] - seen["other"])[low]
    assert np.median(difference) <= 2
    assert difference.mean() < 12
    assert seen["as_published"][low].std() > 40


@pytest.mark.control
def test_a_recording_whose_rate_is_told_wrong_is_another_picture(tmp_path):
    for name, told in (("right", 8000), ("wrong", 16_000)):
        chirp = np.sin(np.arange(4000) ** 2 / 9000) * 9000
        (tmp_path / name).mkdir()
        wavfile.write(tmp_path / name / "3_ann_0.wav", told, chirp.astype(np.int16))
    right, wrong = (
        load("spoken-digits", tmp_path / name, "test").inputs.astype(int)
        for name in ("right", "wrong")
    )
    assert np.abs(right - wrong).mean() > 20


def test_phones_of_timit_at_another_rate_lie_where_they_lay(tmp_path):
    timit(tmp_path)
    wanted = load("timit-frames", tmp_path, "test")
    path = tmp_path / "TEST" / "DR1" / "MABC0" / "SI1.WAV"
    samples = np.frombuffer(path.read_bytes()[1024:], "<i2")
    sphere(path, np.repeat(samples, 2), rate=32_000)
    phones = path.with_suffix(".PHN")
    rows = [line.split() for line in phones.read_text().splitlines()]
    phones.write_text("".join(f"{2 * int(a)} {2 * int(b)} {name}\n" for a, b, name in rows))
    assert np.array_equal(load("timit-frames", tmp_path, "test").labels, wanted.labels)


def chunk(name, data, size=None):
    return name + struct.pack("<I", len(data) if size is None else size) + data


def wav(rate=8000, form=None, data=bytes(800), form_size=None, size=None, head=b"RIFF"):
    form = (
        struct.pack("<HHIIHH", 1, 1, rate, min(2 * rate, 2**32 - 1), 2, 16)
        if form is None
        else form
    )
    body = b"WAVE" + chunk(b"fmt ", form, form_size) + chunk(b"data", data, size)
    return head + struct.pack("<I", len(body)) + body


def nist(**changes):
    values = {"size": "   1024", "sample_rate": "16000", "sample_count": "400", **changes}
    head = f"NIST_1A\n{values.pop('size')}\n"
    head += "".join(f"{key} -i {value}\n" for key, value in values.items())
    return (head + "end_head\n").encode().ljust(1024)[:1024] + bytes(800)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (wav(rate=2**31), "2,147,483,648 samples a second; .* at most 192,000"),
        (wav(rate=2**32 - 1), "samples a second"),
        (wav(rate=192_001), "192,001 samples a second"),
        (wav(size=1_000_000), "'data' has 1,000,000 bytes by its header, and 800 are there"),
        (wav(size=2**32 - 1), "bytes by its header"),
        (wav(form_size=2**32 - 1), "'fmt ' has 4,294,967,295 bytes"),
        (wav(form=bytes(200)), "its format has 200 bytes, the limit is 16..64"),
        (wav(form=bytes(8)), "its format has 8 bytes"),
        (wav(form=bytes(16)), "has 0 samples a second"),
        (wav(form=struct.pack("<HHIIHH", 1, 0, 8000, 16000, 2, 16)), "is no WAV file that can"),
        (wav(form=struct.pack("<HHIIHH", 1, 60000, 8000, 16000, 2, 16)), "is no WAV|channels"),
        (wav(form=struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8)), "is no WAV file that can"),
        (
            wav(form=struct.pack("<HHIIHH", 3, 1, 8000, 32000, 4, 32), data=b"\0\0\xc0\x7f" * 9),
            "a sample that is no number",
        ),
        (b"RIFF\0\0\0\0WAVE", "has no chunk 'fmt '"),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", bytes(16)), "has 0 samples a second"),
        (wav()[:36], "has no chunk 'data'"),
        (b"OggS" + bytes(40), "is no WAV file: it begins with"),
        (nist(sample_rate=10**9), "1,000,000,000 samples a second"),
        *(
            (nist(sample_rate="1" + "0" * digits), "damaged SPHERE header")
            for digits in (12, 30, 400)
        ),
        (nist(sample_rate="inf"), "damaged SPHERE header"),
        (nist(sample_count=-400), "800 bytes of samples, its header says -800"),
        (nist(sample_count=100_000), "its header says 200,000"),
        (nist(size="     -5"), "SPHERE header has -5 bytes"),
        (nist(size="9999999"), "SPHERE header has 9999999 bytes"),
    ],
)
def test_a_header_that_lies_is_named(tmp_path, data, said):
    (tmp_path / "3_a_0.wav").write_bytes(data)
    with pytest.raises(DataError, match=said):
        load("spoken-digits", tmp_path, "test")


@pytest.mark.parametrize(
    "text", ["-1 10 aa\n", "10 9 aa\n", "0 9223372036854775808 aa\n", f"0 {'9' * 400} aa\n"]
)
def test_phones_that_lie_nowhere_are_named(tmp_path, text):
    timit(tmp_path)
    (tmp_path / "TEST" / "DR1" / "MABC0" / "SI1.PHN").write_text(text)
    for name in ("timit-phones", "timit-frames"):
        with pytest.raises(DataError, match="begin and end must be"):
            load(name, tmp_path, "test")


@pytest.mark.parametrize("text", ["nan 1 speech", "0 inf speech", "-1 1 speech", "2 1 speech"])
def test_labels_of_speech_that_lie_nowhere_are_named(tmp_path, text):
    tone(tmp_path / "train" / "a.wav", 500)
    (tmp_path / "train" / "a.txt").write_text(text)
    with pytest.raises(DataError, match="begin and end must be"):
        load("vad", tmp_path)


def test_timit_with_nothing_to_learn_is_named(tmp_path):
    timit(tmp_path)
    phones = tmp_path / "TEST" / "DR1" / "MABC0" / "SI1.PHN"
    for text in ("0 16000 q\n", ""):
        phones.write_text(text)
        for name in ("timit-phones", "timit-frames"):
            with pytest.raises(DataError, match="TEST: its sentences have no phones but glottal"):
                load(name, tmp_path, "test")


def test_long_sounds_are_read_part_by_part(monkeypatch):
    samples, centres = RNG.normal(size=5000), np.arange(0, 5000, 80)
    whole = audio.mel_pixels(samples, 8000, centres, 256)
    monkeypatch.setattr(audio, "_AT_ONCE", 10)
    np.testing.assert_array_equal(audio.mel_pixels(samples, 8000, centres, 256), whole)
