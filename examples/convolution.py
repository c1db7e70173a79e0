"""A convolutional network as data: its cost, its cores, and what they do. Nothing is trained.

Two layers over a plane of 12 x 12 pixels: 3 x 3 windows, then 2 x 2 windows that vote.

    python examples/convolution.py
"""

import numpy as np

from sterna import model
from sterna.compile import Frame, Layer, LayerGraph, compile_layers, estimate, lower
from sterna.spec import preset

graph = LayerGraph(
    name="edges",
    frame=Frame(rows=12, columns=12),
    layers=[
        Layer(name="edges", neurons=2, kernel=(3, 3), stride=(3, 3), grain=1),
        Layer(name="votes", source="edges", neurons=2, kernel=(2, 2), stride=(2, 2), classes=2),
    ],
)
device = preset("ecp5-85f")

# from the shapes alone: no weights yet
cost = estimate(lower(graph), device)
print(f"{'fits' if cost.fits else cost.first_to_cut()}; {cost.cycles} cycles a tick")

# neuron 0 looks for a bright upper edge, neuron 1 for a bright left one
edges = np.zeros((1, 9, 2), np.int8)
window = edges.reshape(3, 3, 2)
window[0, :, 0], window[1:, :, 0] = 1, -1
window[:, 0, 1], window[:, 1:, 1] = 1, -1
# a vote for rows where any of the four windows saw an upper edge, for columns likewise
votes = np.zeros((1, 8, 2), np.int8)
votes[0, 0::2, 0] = votes[0, 1::2, 1] = 1
layered = lower(
    graph,
    {
        "edges": (edges, np.full((1, 2), -2, np.int32)),  # all three of an edge, and nothing else
        "votes": (votes, np.zeros((1, 2), np.int32)),
    },
)

network = compile_layers(layered, device)
print(f"{network.cores} cores share {len(network.crossbars)} crossbars")

frames = np.zeros((2, 12, 12), bool)
frames[0, ::3] = True  # rows
frames[1, :, ::3] = True  # columns
spikes = model.run(model.open(network), frames.reshape(2, -1))
for name, counts in zip(("rows", "columns"), spikes.tolist(), strict=True):
    print(f"{name}: {counts[0]} votes for rows, {counts[1]} for columns")
