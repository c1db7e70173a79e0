"""Networks of three layers over square patches of an image, one core a patch or group."""

from dataclasses import dataclass

from sterna.spec import ConfigError

from .layer_graph import Frame, Layer, LayerGraph


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """Shape of a patch network.

    Parameters
    ----------
    side : pixels on a side of the image.
    patch, stride, across : side of a patch, distance to the next one, patches on a side; the
        patches are centred on the image.
    first : neurons of each patch's core; a multiple of `groups`.
    groups : cores of the second layer; each reads an equal share of every patch's neurons.
    second : neurons of each core of the second layer.
    votes, classes : neurons of the last core for each class; classes.
    """

    side: int
    patch: int
    stride: int
    across: int
    first: int
    groups: int
    second: int
    votes: int
    classes: int

    def __post_init__(self) -> None:
        reach = self.patch + self.stride * (self.across - 1)
        if reach > self.side:
            raise ConfigError(f"the patches reach over {reach} pixels, the image has {self.side}")
        if self.first % self.groups:
            raise ConfigError(f"first is {self.first}, not a multiple of groups ({self.groups})")

    @property
    def patches(self) -> int:
        return self.across * self.across

    @property
    def share(self) -> int:
        """Neurons of each patch that one core of the second layer reads."""
        return self.first // self.groups

    def graph(self, name: str) -> LayerGraph:
        """The layers: patches, groups, and one group of voting neurons.

        Nothing is left out between neurons (grain 1), since the second and third layers fill
        their cores' axons to the last.
        """
        start = (self.side - self.patch - self.stride * (self.across - 1)) // 2
        return LayerGraph(name=name, frame=Frame(rows=self.side, columns=self.side), layers=[
            Layer(name="patches", patches=True, neurons=self.first, pad=-start,
                  kernel=(self.patch, self.patch), stride=(self.stride, self.stride),
                  wiring="shuffle", grain=1),
            Layer(name="groups", source="patches", groups=self.groups, neurons=self.second,
                  grain=1),
            Layer(name="votes", source="groups", neurons=self.votes * self.classes,
                  classes=self.classes),
        ])  # fmt: skip


#: The patch networks that ship, trained by the recipes of the same name.
PATCH_NETWORKS: dict[str, PatchConfig] = {
    # 4 patches of 16 x 16 on the middle 26 x 26 pixels, 3 cores that read 64 neurons of each, and
    # one core with 25 votes a class: the 8 cores of an UP5K.
    "mnist-up5k": PatchConfig(
        side=28, patch=16, stride=10, across=2, first=192, groups=3, second=85, votes=25,
        classes=10,
    ),
    # 9 patches of 16 x 16, 6 cores that read 28 neurons of each, and one of 25 votes a class: 16
    # cores of an ECP5.
    "mnist-85f": PatchConfig(
        side=28, patch=16, stride=6, across=3, first=168, groups=6, second=42, votes=25,
        classes=10,
    ),
    # The same in five crossbars: 9 patches of 84 neurons, 6 cores that read 14 of each, 20 votes a
    # class; the 16 cores of an ECP5 of 25,000 LUTs.
    "mnist-25f": PatchConfig(
        side=28, patch=16, stride=6, across=3, first=84, groups=6, second=42, votes=20,
        classes=10,
    ),
}  # fmt: skip
