"""A small recipe as a file, for tests that train."""

from pathlib import Path

SMALL = """
[data]
set = "mnist"
coding = "bits"

[network]
frame = [28, 28, 1]
layers = [
  { name = "conv", kernel = 4, stride = [4, 4], neurons = 8, dropout = 0.5 },
  { name = "votes", kernel = 4, stride = 4, neurons = 10, classes = 10 },
]

[training]
optimizer = "adam"
rate = 0.05
epochs = 1
batch = 20
scale = 0.2
"""


def small(folder: Path, *changes: tuple[str, str]) -> str:
    """Write the recipe, with some of its text replaced; returns the file's path."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.toml"
    path.write_text(text)
    return str(path)
