"""Pictures: the suffix says the form, and names are drawn as they are."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sterna.plots.network import draw_cores, draw_layers
from sterna.plots.picture import SUFFIXES, write_picture
from sterna.plots.training import draw_training
from sterna.spec import OutputError
from tests.layered import layer, layered
from tests.networks import chain

#: What a file of each form begins with.
BEGIN = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF-"}
EPOCH = {"number": 1, "loss": 1.0, "accuracy": 0.5, "activity": 0.1, "rate": 0.1}


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".PNG", ".Svg"])
def test_the_suffix_decides_the_form(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    draw_training(path, [EPOCH])
    assert path.read_bytes().startswith(BEGIN[suffix.lower()])


@pytest.mark.control
@pytest.mark.parametrize("name", ["picture.jpg", "picture", "picture.png.gz", "png"])
def test_another_form_is_refused_and_writes_nothing(tmp_path, name):
    with pytest.raises(OutputError, match=r"name a file \.png or \.svg or \.pdf"):
        write_picture(Figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_figure_gives_one_file(tmp_path, suffix):
    for name in ("one", "two"):
        draw_training(tmp_path / f"{name}{suffix}", [EPOCH])
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["$\\frac{$", "[/x]", "$x$", "a_b^c", "%s {0}", "\\"])
def test_names_are_drawn_as_they_are(tmp_path, name):
    network = layered(layer(name), name=name)
    draw_layers(tmp_path / "layers.svg", network, {name: 1})
    draw_cores(tmp_path / "cores.png", chain(name=name), np.array([[0, 0], [1, 0]]))
    assert "<!-- " in (tmp_path / "layers.svg").read_text()
