"""Gathers what exists: every family, embedding source, optimizer, data source, sampler, pruner, metric
and preset.

Each stands in the registry of its own package, one line an entry; this module only reads them. It loads
no heavy library, since a file is checked against it before anything runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tuner.data.sources import SOURCES
from tuner.embeddings import EMBEDDINGS
from tuner.errors import InputError
from tuner.metrics import METRICS
from tuner.models import FAMILIES
from tuner.models.own import read_own_family
from tuner.search.presets import PRESETS
from tuner.search.pruning import PRUNERS
from tuner.search.samplers import SAMPLERS
from tuner.spec.catalogue import Catalogue, Component
from tuner.spec.own import add_families, own_families
from tuner.spec.values import StudySpec
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.settings import COMMON, TOKEN_SETTINGS

__all__ = ["CATALOGUE", "build_catalogue", "catalogue_for", "catalogue_of_kept"]


def build_catalogue() -> Catalogue:
    """Read the registries as they stand now."""
    return Catalogue(
        common=COMMON,
        token_settings=TOKEN_SETTINGS,
        families={name: family.component for name, family in FAMILIES.items()},
        embeddings={name: source.component for name, source in EMBEDDINGS.items()},
        optimizers={name: optimizer.component for name, optimizer in OPTIMIZERS.items()},
        sources={name: source.component for name, source in SOURCES.items()},
        samplers={name: sampler.component for name, sampler in SAMPLERS.items()},
        pruners={name: pruner.component for name, pruner in PRUNERS.items()},
        metrics=METRICS,
        presets=PRESETS,
        read_family=read_own_family,
    )


def catalogue_for(spec: StudySpec, base_dir: Path) -> Catalogue:
    """Return what exists for one study: ours, and the families of a person's own that it names.

    Args:
        spec: Its declaration.
        base_dir: The folder of its file.

    Raises:
        InputError: If a family is not there any more, or cannot be read.
    """
    return add_families(CATALOGUE, own_families(spec), base_dir)


def catalogue_of_kept(spec: StudySpec, base_dir: Path) -> Catalogue:
    """Return what a study that is only read can name, whatever has become of a person's own files.

    Args:
        spec: Its declaration.
        base_dir: The folder of its file.

    Returns:
        As :func:`catalogue_for`; a family that cannot be read any more stands in it without settings.
    """
    catalogue = CATALOGUE
    for name in own_families(spec):
        try:
            catalogue = add_families(catalogue, [name], base_dir)
        except InputError:
            gone = Component(name, "A family of your own that cannot be read any more.", (), "tokens")
            catalogue = catalogue.with_families([gone])
    return catalogue


CATALOGUE: Final = build_catalogue()
"""What a search-space file is checked against."""
