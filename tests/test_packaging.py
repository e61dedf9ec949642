"""The wheel holds all that the package reads, and runs in an empty environment."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_data_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("sql", "templates"):
        shipped = {f"kinetune/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert shipped <= names
    assert not any(name.startswith(("tests/", "bench/")) for name in names)


def test_the_wheel_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, cwd=tmp_path)
    kinetune = [tmp_path / "empty" / "bin" / "kinetune"]
    shown = subprocess.run([*kinetune, "--version"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert shown.stdout.startswith("kinetune ")
    printed = subprocess.run(
        [*kinetune, "init", "--print", "--server", "yugabytedb-2024.2"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "PRIMARY KEY (id ASC)" in printed.stdout
    rendered = subprocess.run([*kinetune, "render", "kine"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "ExecStart=/usr/local/bin/kine" in rendered.stdout
    missing = subprocess.run(
        [*kinetune, "explain", "embedded"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "pip install 'kinetune[embedded]'" in missing.stderr
