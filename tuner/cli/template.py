"""The search-space file that ``tuner init`` writes: commented, ready to run, easy to change."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tuner.cli.preset_template import budget_of, preset_body
from tuner.spec.values import SplitSpec

if TYPE_CHECKING:
    from tuner.data.guess import Guess
    from tuner.spec.catalogue import Preset

__all__ = ["search_space_file"]

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_MEANT_OTHERWISE = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

_TEMPLATE = """\
# yaml-language-server: $schema=schema.json
#
# Written by `tuner init`; {n_texts} texts, about {mean_length:.0f} words each. Change what you like, then
# `tuner check` shows what it means and `tuner run` searches. All settings: docs/settings.md.

data:
  source: file
  path: {path}{spaces}# relative to this file
  text: {text}
  label: {label}{writing}
  split: {split}

task: {task}    # {labels}

{body}
objectives:
{objective}
  - {{metric: training_time_s, direction: minimize}}

sampler: {{name: tpe, startup_trials: {startup}}}

pruner:
  name: pareto
{floor}
  floor_epochs: 3

budget: {{trials: {trials}, time_limit: {time_limit}}}   # of the study, over all its sessions

seed: 42
"""

_ACCURACY = "  - {metric: accuracy, direction: maximize}"
_MAE = "  - {metric: mae, direction: minimize}         # mean absolute error, in the label's unit"
_CLASS_FLOOR = "  floor: {:.3f}                  # what naming the commonest class for every text would reach"
_NUMBER_FLOOR = """\
  floor: 0.0                    # what naming the mean for every text would reach
  floor_metric: r2"""

_BODY = """\
fixed:                          # settings that are the same in every trial
  epochs: 8                     # at most; training ends earlier when validation loss no longer falls
  patience: 2
  vocabulary_size: {vocabulary_size}

space:                          # parameters, searched
  family: [lstm, gru, tfidf_dense]
  embedding:                    # learned with the model, or by word2vec from the training texts; English
    choices: [trained, word2vec]    # texts may gain from `glove` too
    when: {{family: [lstm, gru]}}
  embedding_dimension: {{low: 32, high: 128, step: 32, when: {{embedding: [trained, word2vec]}}}}
  units: {{low: 16, high: 128, log: true, when: {{family: [lstm, gru]}}}}
  layers: {{low: 1, high: 2, when: {{family: [lstm, gru]}}}}
  bidirectional: {{choices: [false, true], when: {{family: [lstm, gru]}}}}
  sequence_length: {lengths}
  tfidf_features: {{low: 2000, high: 10000, log: true, when: {{family: tfidf_dense}}}}
  dropout: {{low: 0.0, high: 0.5, step: 0.1}}
  batch_size: [32, 64]
  learning_rate: {{low: 3e-4, high: 1e-2, log: true}}
"""


def search_space_file(found: Guess, path: str, preset: Preset | None = None) -> str:
    """Write the file.

    Args:
        found: What the data seem to hold.
        path: The data's path as the file shall say it.
        preset: What to begin with and search around, or None for several families in sizes that fit the
            data.

    Returns:
        YAML that ``tuner check`` accepts, ending in a line feed.
    """
    trials, time_limit = budget_of(preset)
    regression = found.task == "regression"
    return _TEMPLATE.format(
        n_texts=f"{found.n_texts:,}",
        mean_length=found.mean_length,
        path=scalar(path),
        spaces=" " * max(20 - len(scalar(path)), 1),
        text=scalar(found.text),
        label=scalar(found.label),
        writing=_writing(found),
        split=_split(found.split),
        task=found.task,
        labels=_comment(_labels(found)),
        objective=_MAE if regression else _ACCURACY,
        body=_body(found) if preset is None else preset_body(preset),
        startup=min(10, trials // 2),
        trials=trials,
        time_limit=time_limit,
        floor=_NUMBER_FLOOR if regression else _CLASS_FLOOR.format(_commonest(found)),
    )


def _labels(found: Guess) -> str:
    """Say what the labels are: the classes with their shares, or the span of the numbers."""
    if found.numbers is not None:
        low, mean, high = found.numbers
        return f"numbers from {low:g} to {high:g}, {mean:.3g} in the mean"
    counts = found.class_counts
    total = max(sum(counts.values()), 1)
    classes = ", ".join(f"{name} {count / total:.0%}" for name, count in list(counts.items())[:8])
    return classes + (", ..." if len(counts) > 8 else "")


def _commonest(found: Guess) -> float:
    return max(found.class_counts.values(), default=0) / max(sum(found.class_counts.values()), 1)


def _body(found: Guess) -> str:
    return _BODY.format(vocabulary_size=found.vocabulary_size, lengths=_lengths(found.sequence_length))


def scalar(text: str) -> str:
    """Write a text so that YAML reads the same text back; quoted as JSON unless it is a plain word."""
    if _PLAIN.fullmatch(text) and text.lower() not in _MEANT_OTHERWISE:
        return text
    return json.dumps(text)


def _writing(found: Guess) -> str:
    lines = ""
    if found.encoding != "utf-8":
        lines += f"\n  encoding: {scalar(found.encoding)}"
    if found.separator:
        lines += f"\n  separator: {scalar(found.separator)}"
    return lines


def _split(split: SplitSpec) -> str:
    entries = [] if split.column is None else [f"column: {scalar(split.column)}"]
    for name in ("train", "validation", "test"):
        part = getattr(split, name)
        if isinstance(part, tuple):
            entries.append(f"{name}: [{', '.join(scalar(value) for value in part)}]")
        else:
            entries.append(f"{name}: {scalar(part) if isinstance(part, str) else part}")
    return "{" + ", ".join(entries) + "}"


def _lengths(longest: int) -> str:
    """Declare the lengths to try: half of what nearly all texts have, and all of it."""
    tried = f"value: {longest}" if longest < 40 else f"choices: [{longest // 2}, {longest}]"
    return f"{{{tried}, when: {{family: [lstm, gru]}}}}"


def _comment(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
