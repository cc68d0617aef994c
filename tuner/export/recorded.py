"""Whether a kept model is the one that its trial's record tells of, and not another that predicts as well."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tuner.export.agreement import ENOUGH
from tuner.export.kept_weights import KeptModel
from tuner.spec.values import Params

__all__ = ["unlike_metrics", "unlike_model"]

_COMPARED = ("accuracy", "loss", "mae")
"""Metrics that other weights change: what is called what, and how sure of it, or by how much it is missed."""

_LOSS_WITHIN, _COARSE_LOSS_WITHIN = 1e-3, 0.05
"""Share by which a loss may be off. On a processor in single precision six digits are equal; half precision
and a GPU's TF32 have three, which add up over a text's words."""

_COARSE_ENOUGH = 0.98
"""Least share of equal predictions where numbers were coarse: every fiftieth text may lie on the border."""


def unlike_model(model: KeptModel, settings: Params, metrics: Mapping[str, float]) -> list[str]:
    """Name what a kept model has and its trial's record says otherwise.

    Args:
        model: As its folder keeps it.
        settings: Recorded of the trial; compared are those that both have. Paths are not: they move.
        metrics: Recorded of the trial; of an older trial perhaps without ``parameters``.
    """
    told = [
        f"{name} {model.params[name]}, recorded {value}"
        for name, value in settings.items()
        if name in model.params and not name.endswith("_path") and model.params[name] != value
    ]
    n_weights = sum(array.size for layer in model.layers.values() for array in layer.values())
    recorded = metrics.get("parameters")
    if recorded is not None and n_weights != recorded:
        told.append(f"{n_weights:,} weights, recorded {recorded:,.0f}")
    return told


def unlike_metrics(
    measured: Mapping[str, float], recorded: Mapping[str, float], n_texts: int, *, is_coarse: bool
) -> list[str]:
    """Name the metrics of a part that are not those recorded, but for rounding.

    Args:
        measured: Of the kept model's predictions, by name.
        recorded: Of the trial, by the same names; what it lacks is not compared.
        n_texts: In the part.
        is_coarse: Whether they were recorded in half precision or on a GPU, and measured in single.
    """
    turned = max(1.0 / n_texts, 1.0 - (_COARSE_ENOUGH if is_coarse else ENOUGH))
    share = _COARSE_LOSS_WITHIN if is_coarse else _LOSS_WITHIN
    told = []
    for name in _COMPARED:
        if name not in measured or name not in recorded:
            continue
        now, then = measured[name], recorded[name]
        within = {"abs_tol": turned} if name == "accuracy" else {"rel_tol": share, "abs_tol": share / 10}
        # A ten-thousandth more, for one text of many is no exact number.
        if not math.isclose(now, then, **{key: value * 1.0001 for key, value in within.items()}):
            told.append(f"{name} {now:.4f}, recorded {then:.4f}")
    return told
