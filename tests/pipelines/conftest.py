from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.pipelines.places import ROOT
from tests.saved import bad, good


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with saved facts, and a kinetune on the PATH and where the action installs its own."""
    folder = tmp_path / "runner" / "kinetune" / "bin"
    folder.mkdir(parents=True)
    script = f'#!/bin/sh\nexec {sys.executable} -c "from kinetune.cli.main import main; main()" "$@"\n'
    for name, text in (("kinetune", script), ("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for name in [name for name in os.environ if name.startswith(("KINETUNE", "K3S_", "KINE_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path / "runner"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    good(Path())
    bad(Path())
    return tmp_path / "work"
