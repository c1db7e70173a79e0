"""Plans of cores to a network: sharing, delays, targets, limits. Knows no torch."""

from .compiler import compile_network
from .plan import INPUT, CorePlan
from .report import Use, report

__all__ = ["INPUT", "CorePlan", "Use", "compile_network", "report"]
