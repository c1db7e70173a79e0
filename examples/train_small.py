"""Eedn in half a minute: a small network, trained on some of the digits that ship.

It sees 2,000 digits of MNIST's test set and is judged by 1,000 others, in PyTorch and, compiled, in
the golden model: they agree, image by image.

    python examples/train_small.py
"""

from dataclasses import replace

import torch

from sterna import model
from sterna.data import mnist_test
from sterna.spec import preset
from sterna.spec.results import accuracy, votes
from sterna.train import RECIPES, PatchConfig, PatchNetwork, training
from sterna.train.data import Split
from sterna.train.export import export

digits = mnist_test()
frames, labels = torch.tensor(digits.frames()).float(), torch.tensor(digits.labels).long()
seen, judged = Split(frames[:2000], labels[:2000]), Split(frames[2000:3000], labels[2000:3000])

# four patches of 16 x 16 pixels, one group of 64 neurons, 5 votes for each class
config = PatchConfig(
    side=28, patch=16, stride=10, across=2, first=64, groups=1, second=64, votes=5, classes=10
)
net = PatchNetwork(config=config, seed=1)
options = replace(RECIPES["mnist-up5k"].options, epochs=8, batch=100)
for epoch in training.train(net, seen, options, seed=1):
    print(f"epoch {epoch.number:2}: loss {epoch.loss:.3f}, {epoch.accuracy:.1%} right")

network = export(net, name="small", hardware=preset("up5k"))
spikes = model.run(model.open(network), judged.frames.numpy())
golden = accuracy(votes(spikes, network.output_class), judged.labels.numpy())
print(f"digits not seen: {training.accuracy(net, judged):.1%} in PyTorch, {golden:.1%} compiled")
