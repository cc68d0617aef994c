"""Where the next trial comes from and when a trial is given up: samplers, pruners, dominance.

Importing this package costs nothing: Optuna is imported when a sampler or pruner is made. What it must
not know: the database, workers, and what the parameters mean.
"""

from __future__ import annotations

from tuner.search.pareto import dominates, front_indices, hypervolume, ranks
from tuner.search.pruning import PRUNERS, FinishedTrial, Pruner, RegisteredPruner, make_pruner
from tuner.search.samplers import SAMPLERS, RegisteredSampler, make_sampler
from tuner.search.space import grid_points, params_of, settings_of, suggest

__all__ = [
    "PRUNERS",
    "SAMPLERS",
    "FinishedTrial",
    "Pruner",
    "RegisteredPruner",
    "RegisteredSampler",
    "dominates",
    "front_indices",
    "grid_points",
    "hypervolume",
    "make_pruner",
    "make_sampler",
    "params_of",
    "ranks",
    "settings_of",
    "suggest",
]
