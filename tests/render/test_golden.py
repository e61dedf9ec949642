"""What `kinetune render` makes, looked at once and kept in tests/data/deploy; docs/walkthrough.md is one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune import __version__
from kinetune.render.kinds import KINDS
from tests.render.made import CASES, DATA, files, updating

WALKTHROUGH = Path(__file__).parents[2] / "docs" / "walkthrough.md"


@pytest.mark.parametrize("case", CASES)
def test_the_files_are_the_reviewed_ones(case: str) -> None:
    """UPDATE_GOLDEN=1 writes them anew; then look again. The version stands as VERSION: a release changes none."""
    made = {file.path: file.text.replace(__version__, "VERSION") for file in files(case)}
    folder = DATA / case
    if updating():
        for path, text in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    kept = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    assert made == kept


def test_the_walkthrough_in_the_documents_is_the_rendered_one() -> None:
    (file,) = files("walkthrough")
    if updating():
        WALKTHROUGH.write_text(file.text, encoding="utf-8", newline="\n")
    assert file.text == WALKTHROUGH.read_text(encoding="utf-8")


def test_every_kind_is_looked_at() -> None:
    assert {kind for kind, _ in CASES.values()} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("case", CASES)
def test_every_file_says_in_its_first_lines_which_call_of_which_version_made_it(case: str) -> None:
    for file in files(case):
        assert f"Made by kinetune {__version__}: kinetune render {CASES[case][0]}" in "".join(
            file.text.splitlines(keepends=True)[:4]
        )


@pytest.mark.parametrize("case", CASES)
def test_every_file_is_plain_text_and_neat(case: str) -> None:
    for file in files(case):
        assert file.text.endswith("\n")
        assert not file.text.endswith("\n\n")
        assert "\n\n\n" not in file.text
        assert "\t" not in file.text
        assert file.executable == file.text.startswith("#!")
        assert all(line == line.rstrip() for line in file.text.splitlines())
