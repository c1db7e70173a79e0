"""Where spikes go: shuffles between groups, and votes at the end."""

import torch
from torch import Tensor, nn

from sterna.spec import ConfigError


class Shuffle(nn.Module):
    """Deals each group's features in equal parts to all groups of the next layer.

    Parameters
    ----------
    groups : of the layer before.
    targets : groups of the layer behind.
    """

    def __init__(self, groups: int, targets: int) -> None:
        super().__init__()
        if groups < 1 or targets < 1:
            raise ConfigError(
                f"Shuffle: groups and targets must be at least 1, not {groups} and {targets}"
            )
        self.groups, self.targets = groups, targets

    def forward(self, spikes: Tensor) -> Tensor:
        """Features in another order; [batch, features] or [batch, features, rows, columns]."""
        features = spikes.shape[1]
        if features % (self.groups * self.targets):
            raise ConfigError(
                f"Shuffle: {features} features of {self.groups} groups do not go evenly to "
                f"{self.targets} groups"
            )
        # features last, as convolutions on a CPU like them
        last = spikes.movedim(1, -1)
        parts = last.unflatten(-1, (self.groups, self.targets, -1))
        return parts.transpose(-3, -2).flatten(-3).movedim(-1, 1)

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return f"{self.groups}, targets={self.targets}"


class Votes(nn.Module):
    """Counts votes: feature n, at every site, votes for class n mod classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        if classes < 1:
            raise ConfigError(f"Votes: classes must be at least 1, not {classes}")
        self.classes = classes

    def forward(self, spikes: Tensor) -> Tensor:
        """[batch, features] or [batch, features, rows, columns] to float32 [batch, classes].

        Counts are exact under autocast too: bfloat16 rounds whole numbers above 256.
        """
        if spikes.dim() > 2:
            spikes = spikes.flatten(2).sum(dim=2, dtype=torch.float32)
        spikes = spikes.float()
        whole = spikes.shape[1] // self.classes * self.classes
        votes = spikes[:, :whole].reshape(len(spikes), -1, self.classes).sum(dim=1)
        rest = spikes[:, whole:]
        return votes + nn.functional.pad(rest, (0, self.classes - rest.shape[1]))

    def extra_repr(self) -> str:
        """Parameters, for PyTorch's `repr`."""
        return str(self.classes)
