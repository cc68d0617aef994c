"""``tuner schema``: the JSON Schema by which editors complete and check search-space files."""

from __future__ import annotations

import click

from tuner.cli.options import format_option

__all__ = ["schema"]


@click.command(epilog="Example:\n\n  tuner schema > search_spaces/schema.json")
@format_option("json", "markdown")
def schema(form: str) -> None:
    """Print the JSON Schema of search-space files, for editors.

    With --format markdown: the reference of all settings, components and metrics, for people.
    """
    from tuner.catalogue import CATALOGUE

    if form == "markdown":
        from tuner.spec.reference import reference

        click.echo(reference(CATALOGUE), nl=False)
        return
    from tuner.spec.schema import schema_text

    click.echo(schema_text(CATALOGUE), nl=False)
