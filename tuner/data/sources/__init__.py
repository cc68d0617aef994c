"""The data sources by name; a new one is one file and one line here."""

from __future__ import annotations

from tuner.data.sources import file, hugging_face, keras_imdb, movie_reviews
from tuner.data.sources.protocol import DataSource

__all__ = ["SOURCES", "DataSource"]

SOURCES: dict[str, DataSource] = {
    source.component.name: source
    for source in (
        movie_reviews.SOURCE,
        file.SOURCE,
        keras_imdb.SOURCE,
        hugging_face.SOURCE,
    )
}
