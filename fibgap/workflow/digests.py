"""Digests of the code behind a step: an edit in an imported module must not go unnoticed."""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fibgap.io.digests import digest
from fibgap.io.hdf5 import open_hdf5, read_attributes

PACKAGE = Path(__file__).resolve().parents[1]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _module_file(name: str) -> Path | None:
    """Return the source file of a module of this package, None for what is no module."""
    base = PACKAGE.joinpath(*name.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _statements(tree: ast.Module) -> list[ast.AST]:
    """Return a source and all statements in it, without the expressions, which are ten times more.

    Handlers of exceptions and the cases of a match hold statements, too.
    """
    found: list[ast.AST] = [tree]
    for node in found:  # which grows
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, ())
            found += inner if isinstance(inner, list) else ()
    return found


def _imports(statements: Iterable[ast.AST]) -> set[str]:
    """Return the modules of this package that a source imports, wherever in it."""
    names: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {
        name
        for name in names
        # The package itself only lists names from everywhere; scripts import from their homes.
        if name.startswith(f"{PACKAGE.name}.") and _module_file(name) is not None
    }


def _strip_docstrings(statements: Iterable[ast.AST]) -> None:
    """Remove docstrings: what a function says of itself does not change what it does."""
    for node in statements:
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    """Return the meaning of a source, without comments and docstrings, and what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = _statements(tree)
    imports = frozenset(_imports(statements))
    _strip_docstrings(statements)
    return ast.unparse(tree), imports


def source_files(script: Path | str, modules: Iterable[str] = ()) -> list[Path]:
    """Return a script and all sources of this package that it imports, directly or not.

    Parameters
    ----------
    script : path
        A Python file.
    modules : iterable of str
        Further modules of this package, for what is imported by a name in a string.

    Returns
    -------
    list of Path
        The script first, then the modules in alphabetical order. The package around a module
        counts where it is imported by itself: a new filler in the registry trains no network anew.
    """
    script = Path(script)
    found: set[Path] = set()
    names = {*_read(script)[1], *modules}
    while names:
        path = _module_file(names.pop())
        if path is not None and path not in found:
            found.add(path)
            names |= _read(path)[1]
    return [script, *sorted(found)]


def code_digest(script: Path | str, modules: Iterable[str] = ()) -> str:
    """Return 16 hexadecimal digits that change when the code behind a script does.

    Edits of comments, docstrings and layout change nothing.

    Parameters
    ----------
    script, modules
        See `source_files`.
    """
    total = hashlib.sha256()
    for path in source_files(script, modules):
        total.update(path.name.encode())
        total.update(_read(path)[0].encode())
    return total.hexdigest()[:16]


def chain_digest(params: Mapping[str, Any], inputs: Iterable[Path | str]) -> str:
    """Return a digest of a job's parameters and of the contents of its inputs.

    An HDF5 file of this library says by its own digest what it was made from; any other file is
    read. What was left of a killed job is used again only under the same digest.

    Parameters
    ----------
    params : mapping
        Everything the job was told, the digest of its code among it.
    inputs : iterable of path
        Its input files.
    """
    return digest([dict(params), [content_digest(path) for path in inputs]])


def content_digest(path: Path | str) -> str:
    """Return the digest attribute of an HDF5 file of this library, or the SHA-256 of a file."""
    if str(path).endswith(".h5"):
        with open_hdf5(path) as file:
            return str(read_attributes(file)["digest"])
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
