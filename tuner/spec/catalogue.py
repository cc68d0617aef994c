"""What can be declared: the settings, components and metrics that exist, as values.

The packages further down (``data``, ``embeddings``, ``models``, ``training``, ``metrics``, ``search``)
describe themselves with these; ``tuner.catalogue`` gathers them into one :class:`Catalogue` and hands
it to the checker. So the checker knows every name without importing what stands behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from tuner.spec.values import Params, Task, Value

__all__ = ["Catalogue", "Component", "Growth", "InputKind", "Metric", "Preset", "Setting", "SettingKind"]

SettingKind: TypeAlias = Literal["int", "float", "bool", "choice", "text", "path", "numbers"]
"""``path``: a file, relative to the folder of the search-space file. ``numbers``: whole numbers in a list,
kept as one text (see :mod:`tuner.spec.listed`); its default is the empty text, for not given."""

InputKind: TypeAlias = Literal["tokens", "features"]
"""What an embedding source gives and a family takes: sequences of word ids, or one vector a text."""

Growth: TypeAlias = Literal["curve", "grows", "constant", "final"]
"""How a metric moves while a trial runs.

``curve``: measured every epoch, may go either way (accuracy). ``grows``: only ever grows (seconds).
``constant``: known when the model is built (parameters). ``final``: known at the end only.
"""


@dataclass(frozen=True)
class Setting:
    """One thing that can be fixed or searched.

    Attributes:
        name: The name in a search-space file.
        kind: What its values are.
        default: Value when neither fixed nor searched; None when it must be given.
        summary: What it does, its unit and why the default is what it is; one sentence or two.
        low, high: Bounds of a number, or of each of ``numbers``, both included, or None.
        choices: Of a ``choice``.
        longest: Most entries of ``numbers``.
        overrides: Settings that are not read where this one is given.
        tasks: The tasks in which it has a meaning; empty for all of them.
    """

    name: str
    kind: SettingKind
    default: Value | None
    summary: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    longest: int = 1
    overrides: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True)
class Component:
    """One family, embedding source, optimizer, data source, sampler or pruner.

    Attributes:
        name: As declared.
        summary: One sentence.
        settings: What it reads from a trial's settings (families, embeddings, optimizers) or from
            its own options (data sources, samplers, pruners).
        kind: What it takes (family) or gives (embedding source); None for all others.
    """

    name: str
    summary: str
    settings: tuple[Setting, ...] = ()
    kind: InputKind | None = None


@dataclass(frozen=True)
class Metric:
    """A number that is logged for a trial.

    Attributes:
        name: E.g. ``accuracy``. Measured on the validation split unless the name says otherwise.
        unit: ``s``, ``bytes``, or an empty string for a pure number.
        growth: How it moves while a trial runs.
        tasks: The tasks that have it.
        best: The best value it can have (1.0 for accuracy, 0.0 for seconds), or None if unbounded.
        summary: One sentence.
    """

    name: str
    unit: str
    growth: Growth
    tasks: tuple[Task, ...]
    summary: str
    best: float | None = None


@dataclass(frozen=True)
class Preset:
    """Settings that are known to work, for a study to begin with.

    Attributes:
        name: As declared under ``start_with``.
        summary: One sentence.
        settings: Setting names with their values.
    """

    name: str
    summary: str
    settings: Params


@dataclass(frozen=True)
class Catalogue:
    """Everything that a search-space file can name.

    Attributes:
        common: Settings that every trial reads, whatever it is made of (batch size, epochs...).
        families, embeddings, optimizers: Chosen by the settings ``family``, ``embedding``, ``optimizer``.
        token_settings: Settings in force whenever the input kind is ``tokens``.
        sources, samplers, pruners: Chosen in sections of their own.
        metrics: What an objective or a floor can name.
        presets: What ``start_with`` can name.
        read_family: ``(name, folder) -> Component`` of a family of a person's own, ``module:function``,
            without running it; raises InputError. None where there can be none.
    """

    common: tuple[Setting, ...]
    token_settings: tuple[Setting, ...]
    families: Mapping[str, Component]
    embeddings: Mapping[str, Component]
    optimizers: Mapping[str, Component]
    sources: Mapping[str, Component]
    samplers: Mapping[str, Component]
    pruners: Mapping[str, Component]
    metrics: Mapping[str, Metric]
    presets: Mapping[str, Preset] = field(default_factory=dict)
    read_family: Callable[[str, Path], Component] | None = None

    def with_families(self, families: Iterable[Component]) -> Catalogue:
        """Return a catalogue that has these families too."""
        return replace(self, families={**self.families, **{each.name: each for each in families}})

    def settings(self) -> dict[str, Setting]:
        """Return every setting by name, common ones first."""
        found: dict[str, Setting] = {}
        groups = [self.common, self.token_settings]
        for components in (self.families, self.embeddings, self.optimizers):
            groups.extend(component.settings for component in components.values())
        for group in groups:
            for setting in group:
                found.setdefault(setting.name, setting)
        return found

    def in_force(self, params: Params) -> dict[str, Setting]:
        """Return the settings that a trial with these ``family``, ``embedding`` and ``optimizer`` reads.

        Args:
            params: A trial's settings, complete at least in those three; a given one that overrides others
                leaves these out.

        Raises:
            KeyError: If one of the three is unknown or missing.
        """
        family = self.families[str(params["family"])]
        embedding = self.embeddings[str(params["embedding"])]
        optimizer = self.optimizers[str(params["optimizer"])]
        groups = [self.common, family.settings, embedding.settings, optimizer.settings]
        if family.kind == "tokens":
            groups.append(self.token_settings)
        found = {setting.name: setting for group in groups for setting in group}
        given = (each for each in found.values() if params.get(each.name, each.default) != each.default)
        overridden = {name for setting in given for name in setting.overrides}
        return {name: setting for name, setting in found.items() if name not in overridden}

    def complete(self, given: Params) -> dict[str, Value]:
        """Fill in defaults: the settings that a trial reads, each with its value.

        The family defaults to the first that takes what the embedding source gives, the embedding
        source to the first that gives what the family takes.

        Args:
            given: Fixed and sampled settings.

        Returns:
            Exactly the settings in force, in the catalogue's order. A given one that is not in
            force is left out: it has no effect on the trial.

        Raises:
            KeyError: If the family, embedding or optimizer is unknown.
        """
        chosen: dict[str, Value] = dict(given)
        if "family" not in chosen:
            kind = self.embeddings[str(chosen.get("embedding", next(iter(self.embeddings))))].kind
            chosen["family"] = next(name for name, family in self.families.items() if family.kind == kind)
        if "embedding" not in chosen:
            kind = self.families[str(chosen["family"])].kind
            chosen["embedding"] = next(
                name for name, source in self.embeddings.items() if source.kind == kind
            )
        chosen.setdefault("optimizer", next(iter(self.optimizers)))
        full: dict[str, Value] = {}
        for name, setting in self.in_force(chosen).items():
            value = chosen.get(name, setting.default)
            if value is not None:
                full[name] = value
        return full
