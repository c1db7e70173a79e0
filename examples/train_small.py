"""Eedn in half a minute: a small convolutional network, trained on some of the digits that ship.

The model is made of ordinary modules and the loop is plain PyTorch. It sees 2,000 digits of MNIST's
test set and is judged by 1,000 others, in PyTorch and, as 41 cores, in the golden model: they
agree, image by image.

    python examples/train_small.py
"""

import torch
from torch import nn

from sterna import model
from sterna.data import mnist_test
from sterna.spec.expand import expand
from sterna.spec.results import accuracy, votes
from sterna.train import (
    SpikingNeuron,
    TrinaryConv2d,
    TrinaryLinear,
    Votes,
    calibrate,
    spike_penalty,
    to_layers,
)
from sterna.train.calibration import scores

digits = mnist_test()
frames = torch.tensor(digits.frames()).float().reshape(-1, 1, 28, 28)[:, :, 2:26, 2:26]
labels = torch.tensor(digits.labels).long()
seen, judged = slice(0, 2000), slice(2000, 3000)

torch.manual_seed(1)
net = nn.Sequential(
    nn.Sequential(TrinaryConv2d(1, 16, 4, stride=4), SpikingNeuron(16)),  # 6 x 6 sites
    nn.Sequential(TrinaryConv2d(16, 64, 3, stride=3), SpikingNeuron(64)),  # 2 x 2
    nn.Flatten(),
    nn.Sequential(TrinaryLinear(256, 100), SpikingNeuron(100)),
    Votes(10),
)
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
for epoch in range(1, 9):
    losses: list[float] = []
    for pick in torch.randperm(2000).split(100):
        loss = nn.functional.cross_entropy(net(frames[pick]) * 0.2, labels[pick])
        loss = loss + 1e-4 * spike_penalty(net)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.3f}")

calibrate(net, frames[seen])
network = expand(to_layers(net, (1, 24, 24), name="small")).network
spikes = model.run(model.open(network), frames[judged].flatten(1).bool().numpy())
counted = votes(spikes, network.output_class)
assert (counted == scores(net, frames[judged]).numpy()).all()
golden = accuracy(counted, digits.labels[judged])
right = accuracy(scores(net, frames[judged]).numpy(), digits.labels[judged])
print(f"digits not seen: {right:.1%} in PyTorch, {golden:.1%} compiled")
