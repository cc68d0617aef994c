"""Optuna's log, led into the program's own: handlers are the command line's to set, not a library's."""

from __future__ import annotations

__all__ = ["quiet_optuna"]


def quiet_optuna() -> None:
    """Take Optuna's own handler off and let its records pass to the root logger."""
    import optuna

    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
