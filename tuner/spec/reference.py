"""The reference of everything a search-space file can name, written from the catalogue as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tuner.spec.catalogue import Catalogue, Component, Setting
from tuner.spec.schema import execution_texts

__all__ = ["reference"]


def reference(catalogue: Catalogue) -> str:
    """Write ``docs/settings.md``.

    Args:
        catalogue: What exists.

    Returns:
        Markdown with one table a section, ending in a line feed.
    """
    lines = [
        "# Settings, components and metrics",
        "",
        "Written by `tuner schema --format markdown`; a test keeps it true.",
        "",
        "Every setting can stand under `fixed:` or, with a range, under `space:`.",
        "",
        "## Every trial",
        "",
        *_settings(catalogue.common),
        "",
        "## Every family that reads words in sequence",
        "",
        *_settings(catalogue.token_settings),
    ]
    for title, components in (
        ("Families (`family`)", catalogue.families),
        ("Embedding sources (`embedding`)", catalogue.embeddings),
        ("Optimizers (`optimizer`)", catalogue.optimizers),
        ("Data sources (`data: {source: ...}`)", catalogue.sources),
        ("Samplers (`sampler: {name: ...}`)", catalogue.samplers),
        ("Pruners (`pruner: {name: ...}`)", catalogue.pruners),
    ):
        lines += ["", f"## {title}", *_components(components)]
    lines += ["", "## Presets (`start_with: [...]`)", "", *_presets(catalogue)]
    lines += ["", "## Workers (`execution: {...}`)", "", *_execution()]
    lines += ["", "## Metrics", "", *_metrics(catalogue)]
    return "\n".join(lines) + "\n"


def _components(components: Mapping[str, Component]) -> Iterable[str]:
    for name, component in components.items():
        kind = {"tokens": " (words in sequence)", "features": " (one vector a text)", None: ""}[
            component.kind
        ]
        yield from ("", f"### `{name}`{kind}", "", component.summary)
        if component.settings:
            yield ""
            yield from _settings(component.settings)


def _settings(settings: Iterable[Setting]) -> Iterable[str]:
    yield "| name | values | default | what it does |"
    yield "|---|---|---|---|"
    for setting in settings:
        default = "" if setting.default in (None, "") else f"`{_text(setting.default)}`"
        yield f"| `{setting.name}` | {_values(setting)} | {default} | {_cell(setting.summary)} |"


def _values(setting: Setting) -> str:
    if setting.kind == "choice":
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    if setting.kind == "bool":
        return "`false`, `true`"
    if setting.kind in ("text", "path"):
        return setting.kind
    kind = "whole number" if setting.kind == "int" else "number"
    if setting.kind == "numbers":
        kind = f"list of up to {setting.longest} whole numbers"
    match setting.low, setting.high:
        case None, None:
            return kind
        case low, None:
            return f"{kind}, at least {low:g}"
        case None, high:
            return f"{kind}, at most {high:g}"
        case low, high:
            return f"{kind}, {low:g} to {high:g}"


def _presets(catalogue: Catalogue) -> Iterable[str]:
    yield "Points to begin with. A study takes of them what it searches; what it has fixed stays as it is."
    yield ""
    presets = list(catalogue.presets.values())
    for preset in presets:
        yield f"* `{preset.name}`: {preset.summary}"
    yield ""
    yield "".join(f"| {each} " for each in ("setting", *(f"`{preset.name}`" for preset in presets))) + "|"
    yield "|---" * (len(presets) + 1) + "|"
    for name in dict.fromkeys(name for preset in presets for name in preset.settings):
        values = [_text(preset.settings[name]) if name in preset.settings else "" for preset in presets]
        yield "".join(f"| {each} " for each in (f"`{name}`", *values)) + "|"


def _execution() -> Iterable[str]:
    yield "Whole numbers of at least 1. They are no part of a study and may differ from session to session."
    yield ""
    yield "| name | what it does |"
    yield "|---|---|"
    for name, text in execution_texts().items():
        yield f"| `{name}` | {_cell(text)} |"


def _metrics(catalogue: Catalogue) -> Iterable[str]:
    yield "An objective is one of these with a `direction`, `maximize` or `minimize`."
    yield ""
    yield "| name | unit | known | tasks | what it is |"
    yield "|---|---|---|---|---|"
    known = {
        "curve": "every epoch",
        "grows": "every epoch, only grows",
        "constant": "when the model is built",
        "final": "at the end",
    }
    for name, metric in catalogue.metrics.items():
        tasks = ", ".join(metric.tasks)
        yield f"| `{name}` | {metric.unit} | {known[metric.growth]} | {tasks} | {_cell(metric.summary)} |"


def _text(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|").replace("\n", " ")
