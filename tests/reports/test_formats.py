from __future__ import annotations

import io
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kinetune.model.failure import UsageFailure
from kinetune.model.report import Report
from kinetune.reports import formats, json_format
from tests.reports.sample_check_run import CHECK_RUN
from tests.reports.sample_report import REPORT


@pytest.mark.parametrize("format", formats.WRITERS)
def test_every_format_ends_with_one_newline(format: str) -> None:
    stream = io.StringIO()
    formats.write_report(replace(REPORT, check_run=CHECK_RUN, records=({"query": "ListCurrentVal"},)), format, stream)
    assert stream.getvalue().endswith("\n")
    assert not stream.getvalue().endswith("\n\n")


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(
        UsageFailure, match="unknown format pdf; choose one of text, json, markdown, html, sarif, junit, github"
    ):
        formats.write_report(REPORT, "pdf", io.StringIO())


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.html", "<!doctype"),
        ("a.json", "{\n"),
        ("a.md", "# What"),
        ("a.txt", "What"),
        ("a.sarif", '{\n  "$schema"'),
        ("a.xml", "<?xml"),
    ],
)
def test_the_extension_selects_the_format(name: str, start: str, tmp_path: Path) -> None:
    formats.save_report(replace(REPORT, check_run=CHECK_RUN), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert os.listdir(tmp_path) == [name]


def test_a_named_format_takes_precedence_over_the_extension(tmp_path: Path) -> None:
    formats.save_report(REPORT, tmp_path / "out.log", "json")
    assert json.loads((tmp_path / "out.log").read_text())["kind"] == "kinetune explain"


@pytest.mark.parametrize("name", ["report", "report.pdf"])
def test_an_unknown_extension_is_a_usage_failure(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match=r": unknown extension; use one of \.html \.json \.md \.txt \.sarif \.xml"):
        formats.save_report(REPORT, tmp_path / name)


def test_a_missing_folder_is_named_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match=r"cannot write /.*/no/a\.md: No such file or directory; create its folder"):
        formats.save_report(REPORT, tmp_path / "no" / "a.md")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(UsageFailure, match="Is a directory; name a file"):
        formats.save_report(REPORT, tmp_path / "a.md")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(UsageFailure, match="Permission denied; name a file in a folder you may write to"):
        formats.save_report(REPORT, tmp_path / "a.md")


def test_a_failed_report_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(TypeError):
        formats.save_report(Report("kinetune test", "Test", (), {"no": object()}), tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "a.json").symlink_to("real")
    formats.save_report(REPORT, tmp_path / "a.json")
    assert (tmp_path / "a.json").is_symlink()
    assert json.loads((tmp_path / "real").read_text())


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    formats.save_report(REPORT, tmp_path / "pipe", "json")
    assert json.loads(os.read(reader, 100_000))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(reader)


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    formats.save_report(REPORT, tmp_path / "a.md")
    (tmp_path / "b").touch()
    assert (tmp_path / "a.md").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_the_formats_are_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_format, "write", lambda report, stream: stream.write("late"))
    stream = io.StringIO()
    formats.WRITERS["json"](REPORT, stream)
    assert stream.getvalue() == "late"
