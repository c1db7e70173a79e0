"""Each group left out in turn: speakers whose digits are tones."""

import json
import wave

import numpy as np
import pytest

from sterna.spec import ConfigError
from sterna.train import leave_one_out
from tests.idx import write_mnist
from tests.recipes import small

SPOKEN = (
    ('set = "mnist"\ncoding = "bits"', 'set = "spoken-digits"\ncoding = "thermometer"\nlevels = 1'),
    ("[28, 28, 1]", "[32, 32, 1]"),
    (
        ', dropout = 0.5 },\n  { name = "votes", kernel = 4, stride = 4, neurons = 10',
        ' },\n  { name = "votes", kernel = 4, stride = 4, neurons = 10',
    ),
    ("epochs = 1", "epochs = 50"),
)


def speak(folder, speaker, digits, *, takes=4):
    """Recordings of a speaker: of each digit, a tone of its own; one of them is of the test."""
    folder.mkdir(exist_ok=True)
    for digit in range(10):
        for take in range(takes):
            hertz = 250 * 1.25 ** digits[digit] * (1 + 0.01 * take)
            samples = np.sin(np.arange(3000) / 8000 * 2 * np.pi * hertz) * 9000
            with wave.open(str(folder / f"{digit}_{speaker}_{4 + take}.wav"), "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(8000)
                sound.writeframes(samples.astype("<i2").tobytes())


def test_each_speaker_is_judged_by_a_network_that_never_heard_him(tmp_path):
    for speaker in ("ann", "bob", "cid"):
        speak(tmp_path / "spoken", speaker, range(10))
    found = list(leave_one_out(small(tmp_path, *SPOKEN), data=tmp_path / "spoken"))
    assert [(fold.group, fold.examples) for fold in found] == [(0, 40), (1, 40), (2, 40)]
    assert min(fold.accuracy for fold in found) > 0.8
    assert {fold.judged for fold in found} == {"PyTorch, equal to the layers engine on 40 examples"}


@pytest.mark.control
def test_a_speaker_who_says_other_digits_is_noticed(tmp_path):
    speak(tmp_path / "spoken", "ann", range(10))
    speak(tmp_path / "spoken", "bob", range(10))
    speak(tmp_path / "spoken", "cid", [(digit + 5) % 10 for digit in range(10)])
    found = list(leave_one_out(small(tmp_path, *SPOKEN), data=tmp_path / "spoken"))
    assert found[2].accuracy < 0.2


def test_too_many_groups_are_refused(tmp_path):
    folder = write_mnist(tmp_path / "digits", slice(30), slice(30, 50))
    with pytest.raises(ConfigError, match=r"mnist has 30 groups; .* takes 2 to 20: use --hold"):
        next(leave_one_out(small(tmp_path), data=folder))


def test_the_command_tells_each_group_and_the_mean(cli, tmp_path):
    for speaker in ("ann", "bob"):
        speak(tmp_path / "spoken", speaker, range(10), takes=2)
    small(tmp_path, *SPOKEN)
    done = cli("train", "small.toml", "--data", "spoken", "--folds", "--epochs", "1", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [fold["examples"] for fold in told["folds"]] == [20, 20]
    assert told["mean"] == pytest.approx(sum(fold["accuracy"] for fold in told["folds"]) / 2)
    assert not list(tmp_path.glob("*.sterna"))
    done = cli("train", "small.toml", "--data", "spoken", "--folds", "--hold", "0.1")
    assert done.returncode == 2
    assert "--folds writes no file" in done.stderr
