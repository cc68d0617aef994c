"""The way the data goes, held by the imports: nothing imports what stands below it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tuner"
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = [
    "lazy",
    "suggested",
    "errors",
    "wording",
    "durable",
    "spec",
    "decision",
    "trial",
    "data",
    "embeddings",
    "models",
    "metrics",
    "training",
    "export",
    "search",
    "storage",
    "catalogue",
    "baselines",
    "execution",
    "analysis",
    "replay",
    "report",
    "cli",
]

OWNERS: dict[str, set[str]] = {
    "optuna": {"search", "storage"},
    "sqlalchemy": {"storage"},
    "psycopg": {"storage"},
    "keras": {"models", "training"},
    "tensorflow": {"models", "training"},
    "google": {"training/event_file.py"},
    "gensim": {"embeddings"},
    "h5py": {"export"},
    "sklearn": {"embeddings", "baselines", "analysis/expected.py"},
    "datasets": {"data/sources/hugging_face.py"},
    "plotly": {"report"},
    "choreographer": {"report"},
    "click": {"cli"},
    "rich": {"cli"},
    "optuna_dashboard": {"cli/dashboard.py"},
    "waitress": {"cli/dashboard.py"},
    "ruamel": {"spec"},
}
"""One outside library, one owner: packages of ours, or single files, that may import it."""

COORDINATOR_NEVER_LOADS = ("tensorflow", "keras", "gensim", "torch")


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, also inside functions, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield str(node.module), node.lineno
            if node.module == "tuner":
                for name in node.names:
                    yield f"tuner.{name.name}", node.lineno


def area(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_above_it(path: Path) -> None:
    own = area(path)
    if own == "__init__":
        pytest.skip("the package's front door may name everything")
    assert own in ORDER, f"{path}: where does it stand?"
    for name, line in imports_of(path):
        parts = name.split(".")
        if parts[0] == "tuner" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= ORDER.index(own), (
                f"{path}:{line}: {own} imports {name} from below"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_outside_library_has_one_owner(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    for name, line in imports_of(path):
        owners = OWNERS.get(name.split(".")[0])
        if owners is not None:
            assert area(path) in owners or str(relative) in owners, (
                f"{path}:{line}: {name} belongs to {owners}"
            )


def test_modules_stay_small_and_have_names_that_say_something() -> None:
    for path in MODULES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 480, f"{path} has {lines} lines: split it"
        assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}, path


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_the_coordinator_never_loads_what_trains() -> None:
    loaded = loaded_after("import tuner.execution.launch, tuner.cli.run, tuner.catalogue")

    assert loaded.isdisjoint(COORDINATOR_NEVER_LOADS)


def test_a_model_is_computed_again_without_keras() -> None:
    loaded = loaded_after(
        "import tuner.cli.verify, tuner.export.agreement, tuner.export.keras_side, tuner.export.texts;"
        " import h5py"
    )

    assert loaded.isdisjoint(COORDINATOR_NEVER_LOADS)


def test_checking_a_file_loads_no_heavy_library() -> None:
    loaded = loaded_after("from tuner.catalogue import CATALOGUE")

    assert loaded.isdisjoint(
        {*COORDINATOR_NEVER_LOADS, "optuna", "pandas", "sklearn", "scipy", "plotly", "sqlalchemy"}
    )


def test_the_front_door_loads_nothing_heavy() -> None:
    loaded = loaded_after("import tuner")

    assert loaded.isdisjoint(
        {*COORDINATOR_NEVER_LOADS, "optuna", "pandas", "numpy", "plotly", "sqlalchemy", "click"}
    )


def test_reading_a_study_loads_neither_alembic_nor_a_server_s_driver(tmp_path: Path) -> None:
    """Each takes longer to load than some hundred trials to read."""
    from tuner.storage import open_database

    path = str(tmp_path / "tuner.db")
    open_database(path, create=True).close()

    loaded = loaded_after(
        f"from tuner.storage import Ledger, open_database;"
        f" Ledger(open_database({path!r}, create=False)).study_names()"
    )

    assert "sqlalchemy" in loaded
    assert loaded.isdisjoint({*COORDINATOR_NEVER_LOADS, "alembic", "psycopg", "pandas", "sklearn", "scipy"})


def test_a_report_loads_nothing_that_trains_or_fits() -> None:
    loaded = loaded_after(
        "import tuner.cli.report, tuner.report.files, tuner.report.content, tuner.report.page,"
        " tuner.analysis.diagnosis, tuner.analysis.baselines, tuner.catalogue"
    )

    assert loaded.isdisjoint({*COORDINATOR_NEVER_LOADS, "alembic", "psycopg", "sklearn", "scipy"})
