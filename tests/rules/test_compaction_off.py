from __future__ import annotations

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.compaction_off import compaction_off
from tests.rules.configured import beside, both, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one, written_by

OFF = "tls-san: x\nkube-apiserver-arg: ['etcd-compaction-interval=0']"
API = "[Service]\nExecStart=kube-apiserver --etcd-compaction-interval 0s"


def test_off_on_both_sides_is_an_error() -> None:
    (found,) = run_one(compaction_off, beside(parse_files(FileKind.K3S, OFF), kine=written_by("v0.16.4")))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "config.yaml:2")
    files = both(parse_files(FileKind.UNIT, API), unit("--compact-interval=0"))
    (found,) = run_one(compaction_off, beside(files, kine=Unknown("?")))
    assert (found.severity, found.on) == (Severity.ERROR, "kine.service")


def test_it_is_conditional_if_the_release_is_unknown() -> None:
    (found,) = run_one(compaction_off, beside(parse_files(FileKind.K3S, OFF), kine=Unknown("?")))
    assert found.severity is Severity.WARNING
    assert "from v0.16.1 on" in found.says


def test_one_side_is_enough() -> None:
    assert run_one(compaction_off, beside(parse_files(FileKind.K3S, OFF), kine=written_by("v0.15.0"))) == ()
    assert run_one(compaction_off, beside(both(parse_files(FileKind.UNIT, API), unit("--compact-interval=5m")))) == ()
    assert run_one(compaction_off, beside(unit("--compact-interval=0"))) == ()
    on = "kube-apiserver-arg: ['etcd-compaction-interval=10m']"
    assert run_one(compaction_off, beside(parse_files(FileKind.K3S, on))) == ()


def test_files_without_either_are_skipped() -> None:
    assert not skip_one(compaction_off, beside(nodes(""))).asked
