"""Layer graphs and plans of cores to a network: wiring, sharing, delays, limits. No torch."""

from .compiler import compile_network
from .cost import Estimate, estimate, packed_cost
from .device import compile_layers
from .layer_graph import Frame, Layer, LayerGraph
from .lowering import lower
from .packing import fewest_cores
from .plan import INPUT, CorePlan
from .recipe import RECIPES as GRAPHS
from .recipe import graph
from .report import Use, report
from .truenorth import compile_truenorth, count_truenorth

__all__ = [
    "GRAPHS",
    "INPUT",
    "CorePlan",
    "Estimate",
    "Frame",
    "Layer",
    "LayerGraph",
    "Use",
    "compile_layers",
    "compile_network",
    "compile_truenorth",
    "count_truenorth",
    "estimate",
    "fewest_cores",
    "graph",
    "lower",
    "packed_cost",
    "report",
]
