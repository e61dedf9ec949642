"""Stock Kine on stock PostgreSQL does what an apiserver needs: the measure for every database kinetune prepares."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune.etcd.failures import CompactedRevision, WatchEnded
from tests.kine.process import Kine, KineFailed
from tests.kine.smoke import present, smoke

Built = Callable[[str], Path]


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.14.16", "v0.10.1"])
def test_stock_kine_passes_the_smoke(built: Built, database15: str, tag: str) -> None:
    built(tag)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        smoke(etcd, tag)


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.14.16"])
def test_a_compacted_revision_is_refused(built: Built, database15: str, tag: str) -> None:
    built(tag)
    settings = {"compact_interval": "0", "compact_min_retain": "0"}
    with Kine(tag, database15, {}, **settings) as kine, kine.client() as etcd:
        etcd.create("/registry/pods/d/a", b"v1")
        old = present(etcd, "/registry/pods/d/a")
        etcd.compact(etcd.update(old, b"v2"))
        with pytest.raises(CompactedRevision):
            etcd.list("/registry/pods/", revision=old.revision)
        with pytest.raises(WatchEnded) as ended, etcd.watch("/registry/pods/", old.revision) as changes:
            changes.next()
        assert ended.value.compacted > old.revision


def test_kine_leaves_nothing_behind_and_starts_again(built: Built, database15: str) -> None:
    built("v0.17.5")
    with Kine("v0.17.5", database15) as kine:
        with kine.client() as etcd:
            etcd.create("/registry/pods/d/a", b"v1")
        process = kine.process
        kine.kill()
        kine.start()
        with kine.client() as etcd:
            assert present(etcd, "/registry/pods/d/a").value == b"v1"
    assert process is not None
    assert process.returncode is not None
    assert kine.process is None
    assert not kine.log.exists()


def test_a_kine_that_cannot_start_says_why(built: Built) -> None:
    built("v0.17.5")
    with pytest.raises(KineFailed, match="unknown driver"), Kine("v0.17.5", "nonsense://nowhere"):
        pass


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="only Linux can tie a process to its parent")
def test_kine_dies_with_a_test_run_that_is_killed(built: Built, database15: str) -> None:
    built("v0.17.5")
    code = f"""
import time
from tests.kine.process import Kine
with Kine("v0.17.5", {database15!r}) as kine:
    print(kine.process.pid, kine.log.parent, flush=True)
    time.sleep(60)
"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run.stdout:
        kine, folder = run.stdout.readline().split()
    run.kill()
    run.wait()
    deadline = time.monotonic() + 10
    while alive(int(kine)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(kine))
    shutil.rmtree(folder)


def alive(process: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
