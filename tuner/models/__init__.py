"""Model families: what turns an input into a ``keras.Model``, one file each.

A new one is a file with a :class:`~tuner.models.protocol.Family` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tuner.models.cnn import CNN
from tuner.models.gru import GRU
from tuner.models.lstm import LSTM
from tuner.models.lstm_self_attention import LSTM_SELF_ATTENTION
from tuner.models.lstm_word_attention import LSTM_WORD_ATTENTION
from tuner.models.protocol import Family
from tuner.models.simple_rnn import SIMPLE_RNN
from tuner.models.tfidf_dense import TFIDF_DENSE
from tuner.models.transformer import TRANSFORMER

__all__ = ["FAMILIES", "family_of"]

FAMILIES: Mapping[str, Family] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple_rnn": SIMPLE_RNN,
    "lstm_self_attention": LSTM_SELF_ATTENTION,
    "lstm_word_attention": LSTM_WORD_ATTENTION,
    "cnn": CNN,
    "transformer": TRANSFORMER,
    "tfidf_dense": TFIDF_DENSE,
}
"""Every family by the name that is declared; the first is the default."""


def family_of(name: str, code_dir: str) -> Family:
    """Return a family of ours, or import a person's own; for workers, since that runs their code.

    Args:
        name: As declared; ``module:function`` for a person's own.
        code_dir: The folder that such a module is looked for in first.

    Raises:
        InputError: If there is no such module or function.
        Exception: Whatever the module raises while it is imported.
    """
    if name in FAMILIES:
        return FAMILIES[name]
    from tuner.models.own_build import load_own_family

    return load_own_family(name, Path(code_dir))
