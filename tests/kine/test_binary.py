"""A Kine that cannot be built is a missing server with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import MissingServer
from tests.kine import binary


def test_a_release_in_the_cache_needs_no_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binary, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", "")
    program = tmp_path / "v0.17.5" / "kine"
    program.parent.mkdir()
    program.touch()
    assert binary.kine("v0.17.5") == program


def test_without_go_the_reason_is_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binary, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingServer, match=r"no Kine v0\.17\.5: .* go is not installed"):
        binary.kine("v0.17.5")


def test_a_build_that_fails_says_why_and_leaves_nothing_but_its_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho half >$GOBIN/kine\necho 'the proxy says no' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setattr(binary, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(go.parent))
    killed = tmp_path / "cache" / ".v0.17.5.build-killed"
    killed.mkdir(parents=True)
    with pytest.raises(MissingServer, match="go install failed: the proxy says no"):
        binary.kine("v0.17.5")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".v0.17.5.lock"]
