"""Processes that train one model together: `torchrun --nproc-per-node N`."""

import gc
import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from sterna.spec import ConfigError


@dataclass(frozen=True)
class Team:
    """The processes that share each batch, or one alone.

    Every process draws the same batches and changes of images, and takes every size-th image of
    each, from its rank on; batch normalization is over its own share.

    Parameters
    ----------
    rank, size : which process this is, of how many.
    device : where it computes: cpu, or a name such as cuda:1.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model with its gradients averaged over the team."""
        if self.size == 1:
            return model
        # each process works out the same trinary weights from the same hidden ones
        return nn.parallel.DistributedDataParallel(model, forward_sync_buffers=False)

    def share(self, batch: Tensor) -> Tensor:
        """This process's share of a batch."""
        return batch[self.rank :: self.size]

    def leave(self) -> None:
        """End what `join` began, when all processes have no more to share.

        What `wrap` returned must be gone: it holds on to the process group, whose threads must end
        now and not while the interpreter ends.
        """
        if self.size > 1:
            gc.collect()
            distributed.barrier()
            distributed.destroy_process_group()

    def total(self, values: list[float]) -> list[float]:
        """Each value's sum over the team."""
        if self.size == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(sums)
        return sums.tolist()


def join(device: str = "auto") -> Team:
    """The team that `torchrun` started this process for, else a team of one.

    Parameters
    ----------
    device : cpu, cuda, or auto: CUDA if there is any.

    Raises
    ------
    ConfigError : it is another, or there is no such device here.
    """
    if device not in ("cpu", "cuda", "auto"):
        raise ConfigError(f"device must be cpu, cuda or auto, not {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "device cuda: PyTorch finds no CUDA device; use cpu, or a build with CUDA"
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return Team(device=device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return Team(distributed.get_rank(), distributed.get_world_size(), device)
