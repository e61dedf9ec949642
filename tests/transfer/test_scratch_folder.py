"""Folders for private copies: locked while they are used, and removed by the next run after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kinetune.model.failure import UsageFailure
from kinetune.transfer.scratch_folder import PREFIX, require_free_space, scratch_folder

HOLD = """
import time
from kinetune.transfer.scratch_folder import scratch_folder
with scratch_folder() as folder:
    (folder / "copy.db").write_text("secret")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def hold(place: Path) -> tuple[subprocess.Popen[str], Path]:
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(place)}
    process = subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_folder_of_a_killed_run_is_removed_by_the_next_and_that_of_a_running_one_stays(place: Path) -> None:
    process, folder = hold(place)
    with process:
        try:
            with scratch_folder() as own:
                assert {path.name for path in place.iterdir()} == {folder.name, own.name}
        finally:
            process.send_signal(signal.SIGKILL)
    assert [path.name for path in place.iterdir()] == [folder.name]
    with scratch_folder() as own:
        assert list(place.iterdir()) == [own]
    assert list(place.iterdir()) == []


def test_an_error_removes_the_folder(place: Path) -> None:
    with pytest.raises(FileNotFoundError), scratch_folder() as folder:
        (folder / "missing" / "copy.db").touch()
    assert list(place.iterdir()) == []


def test_links_and_files_of_that_name_are_left(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").touch()
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    (place / f"{PREFIX}file").touch()
    with scratch_folder():
        pass
    assert (elsewhere / "file").exists()
    assert {path.name for path in place.iterdir()} == {f"{PREFIX}link", f"{PREFIX}file"}


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a folder of another user")
def test_a_folder_of_another_user_is_left(place: Path) -> None:
    other = place / f"{PREFIX}other"
    other.mkdir()
    os.chown(other, 65534, 65534)
    with scratch_folder():
        pass
    assert other.exists()


def test_free_space_and_a_missing_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch_folder() as folder:
        require_free_space(folder, 1, "a copy")
        with pytest.raises(UsageFailure, match=r"a copy needs 1,048,576 TiB below .* set TMPDIR"):
            require_free_space(folder, 2**60, "a copy")
    monkeypatch.setattr("tempfile.tempdir", str(place / "missing"))
    with pytest.raises(UsageFailure, match=r"cannot write below .*: No such file"), scratch_folder():
        pass
