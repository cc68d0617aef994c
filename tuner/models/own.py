"""Families of a person's own: ``module:function`` in a search-space file, found and read but never run here.

What such a family can be told stands in its module as plain values and is read from the source: a file is
checked and a study planned without running a line of it. Only a worker imports it (``models.own_build``).
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from tuner.errors import InputError
from tuner.spec.catalogue import Component, InputKind, Setting, SettingKind
from tuner.spec.fields import nearest, one_of
from tuner.spec.listed import listed_text
from tuner.spec.parameters import NAME
from tuner.spec.settings import expectation, misfit
from tuner.spec.values import Value

__all__ = ["own_source", "read_own_family", "split_name"]

ARGUMENTS = ("params", "inputs", "task", "n_classes")

_EXAMPLE = 'Setting("width", "int", 64, "Units of the layer.", low=1, high=512)'


def split_name(name: str) -> tuple[str, str]:
    """Divide ``package.module:function``.

    Raises:
        InputError: If it is not of that form, or names a module of Python's own.
    """
    module, _, function = name.partition(":")
    parts = [*module.split("."), function]
    if not all(re.fullmatch(r"[^\W\d]\w*", part) and not keyword.iskeyword(part) for part in parts):
        raise InputError(f"found {name!r}, expected module:function", "write my_models:build")
    if parts[0] in sys.stdlib_module_names:
        raise InputError(f"{name}: {parts[0]} is a module of Python's own", "give yours another name")
    return module, function


def own_source(name: str, folder: Path) -> Path:
    """Return the file that a family is defined in.

    Args:
        name: ``module:function``.
        folder: Looked in first: the search-space file's. Then what is installed.

    Raises:
        InputError: If there is none.
    """
    module, _ = split_name(name)
    first, *rest = module.split(".")
    for place in [str(folder), *_installed(first)]:
        found = _file_in([place], [first, *rest])
        if found is not None:
            return found
    hint = f"put {'/'.join([first, *rest])}.py beside the search-space file, or install its package"
    if rest and rest[-1] == "py":
        hint = f"write {'.'.join([first, *rest[:-1]])}:{name.partition(':')[2]}"
    raise InputError(f"{name}: there is no module {module} in {folder} and none is installed", hint)


def _installed(package: str) -> Iterator[str]:
    """Yield the folders that hold what is installed under a top-level name, without running it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is not None and spec.submodule_search_locations is not None:
        yield from (str(Path(place).parent) for place in spec.submodule_search_locations)
    elif spec is not None and spec.origin is not None:
        yield str(Path(spec.origin).parent)


def _file_in(places: list[str], parts: list[str]) -> Path | None:
    """Walk down ``parts``, by the rules of imports: a package before a module, each a file of source."""
    for place in map(Path, places):
        first, *rest = parts
        try:
            if rest:
                found = _file_in([str(place / first)], rest) if (place / first).is_dir() else None
            else:
                files = (place / first / "__init__.py", place / f"{first}.py")
                found = next((file for file in files if file.is_file()), None)
        except OSError:  # a name that no file can have
            found = None
        if found is not None:
            return found
    return None


def read_own_family(name: str, folder: Path) -> Component:
    """Read what a family of a person's own takes and can be told, without running it.

    Args:
        name: ``module:function``. The module may have ``SETTINGS``, a tuple of
            :class:`~tuner.spec.catalogue.Setting`, and ``TAKES = "features"`` in place of tokens; both in
            plain values.
        folder: As for :func:`own_source`.

    Raises:
        InputError: If there is no such module or function, or its declarations cannot be read.
    """
    path = own_source(name, folder)
    function = split_name(name)[1]
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InputError(f"{path}:{line}: is not Python: {getattr(error, 'msg', error)}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    definition = _definition(tree, function, path)
    summary = (ast.get_docstring(definition) or "A family of your own.").splitlines()[0]
    return Component(name, summary, _settings(tree, path), _takes(tree, path))


def _definition(tree: ast.Module, function: str, path: Path) -> ast.FunctionDef:
    defined = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    if function not in defined:
        message = f"{path}: defines no function {function}"
        raise InputError(
            message, nearest(function, defined) or f"write def {function}({', '.join(ARGUMENTS)})"
        )
    found = defined[function]
    positional = [*found.args.posonlyargs, *found.args.args]
    required = len(positional) - len(found.args.defaults)
    most = len(ARGUMENTS) if found.args.vararg else len(positional)
    needed = [default is None for default in found.args.kw_defaults]
    if not required <= len(ARGUMENTS) <= most or any(needed):
        names = ", ".join(argument.arg for argument in positional)
        raise InputError(
            f"{path}:{found.lineno}: {function} takes ({names}), expected ({', '.join(ARGUMENTS)})"
        )
    return found


def _assigned(tree: ast.Module, name: str) -> ast.expr | None:
    """Return what a module assigns to ``name`` last, at its top level."""
    found: ast.expr | None = None
    for each in tree.body:
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
        if isinstance(each, ast.Assign | ast.AnnAssign) and any(
            isinstance(target, ast.Name) and target.id == name for target in targets
        ):
            found = each.value
    return found


def _takes(tree: ast.Module, path: Path) -> InputKind:
    node = _assigned(tree, "TAKES")
    if node is None:
        return "tokens"
    value = node.value if isinstance(node, ast.Constant) else None
    if value not in get_args(InputKind):
        raise InputError(f"{path}:{node.lineno}: TAKES: expected {one_of(map(repr, get_args(InputKind)))}")
    return cast("InputKind", value)


def _settings(tree: ast.Module, path: Path) -> tuple[Setting, ...]:
    node = _assigned(tree, "SETTINGS")
    if node is None:
        return ()
    if not isinstance(node, ast.Tuple | ast.List):
        raise InputError(f"{path}:{node.lineno}: SETTINGS: expected a tuple", f"write ({_EXAMPLE},)")
    settings: dict[str, Setting] = {}
    for item in node.elts:
        setting = _setting(item, path)
        if setting.name in settings:
            raise InputError(f"{path}:{item.lineno}: SETTINGS: {setting.name} stands here twice")
        settings[setting.name] = setting
    return tuple(settings.values())


def _setting(node: ast.expr, path: Path) -> Setting:
    where = f"{path}:{node.lineno}: SETTINGS"
    called = getattr(node, "func", None)
    if not isinstance(node, ast.Call) or getattr(called, "id", getattr(called, "attr", "")) != "Setting":
        raise InputError(f"{where}: expected only Setting(...)", f"write {_EXAMPLE}")
    try:
        given = [ast.literal_eval(argument) for argument in node.args]
        named = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
    except (ValueError, TypeError, SyntaxError, RecursionError) as error:
        hint = "write the value itself: this is read without running the file"
        raise InputError(f"{where}: found what is no plain value", hint) from error
    try:
        bound = inspect.signature(Setting).bind(*given, **named).arguments
    except TypeError as error:
        raise InputError(f"{where}: {error}", f"write {_EXAMPLE}") from error
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in bound.items()
    }
    if values["kind"] == "numbers" and isinstance(values["default"], tuple):
        values["default"] = listed_text(values["default"])
    setting = Setting(**values)
    fault = _fault(setting) or _fault_of_values(setting)
    if fault:
        raise InputError(f"{where}: {fault}", f"write {_EXAMPLE}")
    return setting


def _fault(setting: Setting) -> str:
    """Say what is wrong with a setting, or return an empty string."""
    if not isinstance(setting.name, str) or not NAME.fullmatch(setting.name):
        return f"found the name {setting.name!r}, expected letters, digits and _"
    if setting.kind not in get_args(SettingKind):
        return f"{setting.name}: found the kind {setting.kind!r}, expected {one_of(get_args(SettingKind))}"
    if not isinstance(setting.summary, str):
        return f"{setting.name}: found the summary {setting.summary!r}, expected a text"
    bounds = [each for each in (setting.low, setting.high) if each is not None]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in bounds):
        return f"{setting.name}: found the bounds {setting.low!r} and {setting.high!r}, expected numbers"
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        return f"{setting.name}: low {setting.low!r} is above high {setting.high!r}"
    return ""


def _fault_of_values(setting: Setting) -> str:
    texts = isinstance(setting.choices, tuple) and all(isinstance(each, str) for each in setting.choices)
    if not texts or (setting.kind == "choice") != bool(setting.choices):
        return (
            f"{setting.name}: found the choices {setting.choices!r}, expected texts where the kind is choice"
        )
    if setting.default is None or (setting.default == "" and setting.kind == "numbers"):
        return ""
    fits = isinstance(setting.default, Value) and misfit(setting, setting.default) is None
    return (
        ""
        if fits
        else f"{setting.name}: found the default {setting.default!r}, expected {expectation(setting)}"
    )
