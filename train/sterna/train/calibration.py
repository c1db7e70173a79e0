"""Statistics over a training set, folded into leaks; and a folded model's spikes and accuracy."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .neurons import SpikingNeuron, moments
from .walk import Step, sweep

#: Frames that are evaluated at once.
BATCH = 500


@torch.no_grad()
def calibrate(model: nn.Module, frames: Tensor | Sequence[Tensor]) -> None:
    """Take each layer's statistics over these frames, fold them, and leave the model in evaluation.

    Layer by layer, since each folded layer changes what the next one gets. The sums of trits are
    integers and their moments exact, so the result depends on neither batches nor threads; the
    squares of a transduction layer's sums are rounded, in float64.

    Parameters
    ----------
    model : a trained model, a chain of modules.
    frames : of the training set, all or enough of them: what the model's forward takes, or a
        sequence of such batches.

    Raises
    ------
    ConfigError : the model is not made of modules with one input each.
    DataError : training has diverged.
    """
    batches = frames.split(BATCH) if isinstance(frames, Tensor) else frames

    def before(step: Step, inputs: list[Tensor]) -> None:
        if isinstance(step.module, SpikingNeuron):
            mean, square = moments(inputs)
            step.module.mean.copy_(mean)
            step.module.variance.copy_(square - mean.square())
            step.module.fold()

    model.eval()
    sweep(model, batches, before=before)


@torch.no_grad()
def layer_spikes(model: nn.Module, frames: Tensor) -> dict[str, Tensor]:
    """Spikes of every layer in evaluation: bool [batch, features(, rows, columns)] by module name.

    The name is that of the `SpikingNeuron` in the model.
    """
    spikes: dict[str, Tensor] = {}

    def after(step: Step, outputs: list[Tensor]) -> None:
        if isinstance(step.module, SpikingNeuron):
            spikes[step.name] = torch.cat(outputs)

    model.eval()
    sweep(model, frames.split(BATCH), after=after)
    return spikes


@torch.no_grad()
def scores(model: nn.Module, frames: Tensor) -> Tensor:
    """A model's scores in evaluation, batch by batch: float32 [frames, classes]."""
    model.eval()
    return torch.cat([model(batch.float()) for batch in frames.split(BATCH)])


def accuracy(model: nn.Module, frames: Tensor, labels: Tensor) -> float:
    """Share of frames, 0..1, whose class has the most votes (the lowest class of equals)."""
    # argmax of a tie is the first in NumPy, and unspecified in torch
    winner = torch.from_numpy(scores(model, frames).cpu().numpy().argmax(axis=1))
    return float((winner == labels.cpu()).double().mean())
