"""Images a second of trinary training against the same shapes in plain convolutions.

    python -m bench.training

Writes the tables of docs/training.md. The bound is the same network of `nn.Conv2d`, batch norm and
ReLU, channels last, with the same optimizer: what PyTorch reaches without trinary weights.
"""

# torch leaves many types open
# pyright: basic

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from sterna.spec.pages import write_section
from sterna.spec.tables import table
from sterna.train import SpikingNeuron, Transduction, TrinaryConv2d, recipe

from .machine import machine

PAGE = Path(__file__).parents[1] / "docs" / "training.md"
COMMAND = "`python -m bench.training`"
RUNS, STEPS, WARM = 7, 3, 2
#: Images a step of each network.
NETWORKS = {"one-chip-eighth": 100, "one-chip-quarter": 100, "one-chip-half": 50, "one-chip": 50}


def plain(model: nn.Module) -> nn.Sequential:
    """The same shapes in convolutions, batch norm and ReLU; shuffles and votes as they are."""
    modules: list[nn.Module] = []
    for module in model:  # pyright: ignore[reportGeneralTypeIssues]
        if isinstance(module, Transduction):
            modules += plain(module)
        elif isinstance(module, TrinaryConv2d):
            modules.append(
                nn.Conv2d(
                    module.inputs,
                    module.outputs,
                    module.kernel,
                    stride=module.stride,
                    padding=module.padding,
                    groups=module.groups,
                    bias=False,
                )
            )
        elif isinstance(module, SpikingNeuron):
            modules += [nn.BatchNorm2d(module.features), nn.ReLU()]
        elif hasattr(module, "kernel"):
            modules.append(
                nn.Conv2d(
                    module.inputs,
                    module.outputs,
                    module.kernel,
                    padding=module.kernel // 2,
                    bias=False,
                )
            )
        else:
            modules.append(module)
    return nn.Sequential(*modules)


def stepper(model: nn.Module, frames: Tensor, labels: Tensor) -> Callable[[], None]:
    """One step of training."""
    model.to(memory_format=torch.channels_last).train()  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def step() -> None:
        loss = nn.functional.cross_entropy(model(frames) * 0.03, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def seconds(step: Callable[[], object]) -> float:
    """Seconds of a step, mean of a few."""
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - began) / STEPS


def compared(name: str, batch: int) -> tuple[str, ...]:
    """A row: images a second of both, and the median of the ratios, in turn on one machine."""
    print(name, flush=True)
    model = recipe(name).model(0)
    frames = torch.randint(0, 256, (batch, 3, 32, 32)).float()
    frames = frames.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch) % 10
    steps = [stepper(each, frames, labels) for each in (model, plain(model))]
    for _ in range(WARM):
        for step in steps:
            step()
    times = [[seconds(step) for step in steps] for _ in range(RUNS)]
    trinary, other = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(second / first for first, second in times)
    return name, f"{batch / trinary:,.0f}", f"{batch / other:,.0f}", f"{ratio:.2f}"


def unfolded(spikes: Tensor, layer: TrinaryConv2d) -> Tensor:
    """A convolution as windows laid out and one matrix product a group."""
    (rows, columns), (down, across) = layer.kernel, layer.stride
    padded = nn.functional.pad(spikes, (layer.padding,) * 4)
    windows = padded.unfold(2, rows, down).unfold(3, columns, across)
    batch, _, high, wide = windows.shape[:4]
    shares = windows.unflatten(1, (layer.groups, -1)).permute(1, 0, 3, 4, 2, 5, 6)
    lines = shares.reshape(layer.groups, batch * high * wide, -1)
    weights = layer.weights().reshape(layer.groups, layer.outputs // layer.groups, -1)
    sums = torch.bmm(lines, weights.transpose(1, 2)).unflatten(1, (batch, high, wide))
    return sums.permute(1, 0, 4, 2, 3).flatten(1, 2)


def ways(name: str, batch: int) -> list[tuple[str, ...]]:
    """Rows: forward and backward of each layer by each way, in milliseconds."""
    rows: list[tuple[str, ...]] = []
    side = 32
    for layer in recipe(name).model(0).modules():
        if not isinstance(layer, TrinaryConv2d):
            continue
        layer.train()
        row = [layer.name]
        spikes = (torch.rand(batch, layer.inputs, side, side) < 0.3).float()
        for last, way in ((False, convolved), (True, convolved), (False, unfolded), (True, layer)):
            form = torch.channels_last if last else torch.contiguous_format
            frames = spikes.contiguous(memory_format=form).requires_grad_()
            times: list[float] = []
            for _ in range(RUNS):
                began = time.perf_counter()
                sums = way(frames, layer) if way is not layer else layer(frames)
                sums.backward(torch.ones_like(sums))
                times.append(1e3 * (time.perf_counter() - began))
            row.append(f"{statistics.median(times):.1f}")
        rows.append(tuple(row))
        side = (side + 2 * layer.padding - layer.kernel[0]) // layer.stride[0] + 1
    return rows


def convolved(spikes: Tensor, layer: TrinaryConv2d) -> Tensor:
    """A layer's sums by PyTorch's convolution."""
    return nn.functional.conv2d(
        spikes, layer.weights(), stride=layer.stride, padding=layer.padding, groups=layer.groups
    )


def main() -> None:
    """Measure, and write the page's part."""
    torch.manual_seed(0)
    rows = [compared(name, batch) for name, batch in NETWORKS.items()]
    head = ("recipe", "trinary, images/s", "plain, images/s", "ratio")
    where = f"{machine()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    text = (
        f"A step of training, medians of {RUNS} runs in turn; {where}:\n\n{table(head, rows)}\n"
        "Forward and backward of the one-chip network's layers in milliseconds, 50 images, by "
        "convolution, by windows laid out and a product a group, and as the layer chooses:\n\n"
    )
    text += table(
        ("layer", "convolution", "channels last", "unfolded", "chosen"), ways("one-chip", 50)
    )
    write_section(PAGE, COMMAND, text)
    print(text)


if __name__ == "__main__":
    main()
