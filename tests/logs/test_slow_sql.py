"""Kine's own lines, recorded and generated: every form in every envelope gives the same calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.kine.queries import load_catalogue
from kinetune.logs.fast_path import FastPath, FastRun
from kinetune.logs.line_formats import is_known_line
from kinetune.logs.options import GroupBy, LogOptions
from kinetune.model.hotspot import SlowCall
from tests.logs import emit
from tests.logs.harness import calls, scanned

DATA = Path(__file__).parent.parent / "data" / "logs"
RECORDED = [DATA / "other-lines.log", *sorted(DATA.glob("slow-*.log"))]
ERA_OF_SHAPE = {1: "v0.9.0", 2: "v0.13.0", 3: "v0.14.8", 4: "v0.17.3"}
QUERIES = {shape: sorted(load_catalogue(era)) for shape, era in ERA_OF_SHAPE.items()}
KEYS = st.sampled_from(
    ["/registry/pods/default/web-1", "/registry/secrets/kube-system/a.b", "/registry/cert-manager.io/certificates/x/y"]
)


@st.composite
def cases(draw: st.DrawFn, shape: int) -> emit.Case:
    return emit.Case(
        ERA_OF_SHAPE[shape],
        draw(st.sampled_from(QUERIES[shape])),
        draw(KEYS),
        draw(st.integers(1_700_000_000_000_000, 1_795_000_000_000_000)),
        draw(st.integers(1_000_000, 10_000_000_000_000)),
    )


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.name)
def test_every_recorded_line_has_a_known_form(file: Path) -> None:
    lines = [line for line in file.read_bytes().split(b"\n") if line]
    bare = [line.split(b": ", 1)[1] for line in lines] if file.name == "other-lines.log" else lines
    assert [line for line in bare if not is_known_line(line)] == []


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.name)
def test_every_recorded_slow_line_is_a_call_with_kines_name(file: Path) -> None:
    data = file.read_bytes()
    events, counts = scanned([data])
    found = [event for event in events if isinstance(event, SlowCall)]
    assert len(found) == data.count(b"Slow SQL") == counts.calls
    assert counts.not_understood == 0
    assert all(call.query and call.eras and 1000 < call.milliseconds < 6000 for call in found)
    assert counts.lines == len(data.splitlines())


def test_recorded_lines_have_a_resource_if_kine_logs_parameters() -> None:
    found = {(call.query, call.resource) for call in calls((DATA / "slow-v0.17.5.log").read_bytes())}
    assert found == {
        ("AfterAllOldVal", ""),
        ("CountCurrent", "/registry/pods/"),
        ("InsertReturning", "/registry/samp6259/"),
        ("ListCurrentVal", "/registry/configmaps/"),
        ("ListCurrentVal", "/registry/pods/"),
    }


@pytest.mark.parametrize("envelope", emit.ENVELOPES)
@pytest.mark.parametrize("form", emit.FORMS)
@pytest.mark.parametrize("shape", [1, 2, 3, 4])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_one_workload_in_every_form_gives_equal_calls(
    shape: int, form: str, envelope: str, data: st.DataObject
) -> None:
    workload = data.draw(st.lists(cases(shape), min_size=1, max_size=4))
    lines = b"".join(emit.ENVELOPES[envelope](case, emit.FORMS[form](case, shape)) for case in workload)
    found = calls(lines, LogOptions(by=GroupBy.KEY))
    assert len(found) == len(workload)
    for call, case in zip(found, workload, strict=True):
        assert call.at == pytest.approx(case.at, abs=2e-6)
        assert call.milliseconds == pytest.approx(case.milliseconds, rel=1e-6)
        assert case.era in call.eras
        assert call.query in (case.query, f"{case.query}Current")  # E07's Count is CountCurrent since v0.11.4
        logged = case.key in case.arguments and shape in (1, 4)
        assert call.key == (case.key if logged else "")
        assert case.key.startswith(call.resource)
        assert bool(call.resource) == logged


@pytest.mark.parametrize("form", ["text", "coloured"])
@pytest.mark.parametrize("shape", [1, 2, 4])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_fast_path_and_the_line_reader_agree(shape: int, form: str, data: st.DataObject) -> None:
    case = data.draw(cases(shape))
    line = emit.FORMS[form](case, shape)
    quick = calls(line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastPath, "parse_slow_lines", lambda *_: FastRun([], "", set(), 0))
        assert calls(line) == quick


def test_a_start_time_in_another_zone_is_the_same_time() -> None:
    case = emit.Case("v0.13.0", "After", "/registry/pods/", 1_769_570_586_432_488, 2_112_055_527)
    (call,) = calls(emit.text(case, 2, emit.EASTERN))
    assert call.at == pytest.approx(case.at, abs=1e-6)


def test_lines_from_issues_of_kine_k3s_and_vcluster_are_read() -> None:
    """k3s-io/kine#651 (a build before names were fields), k3s-io/k3s#10501 (SQLite) and loft-sh/vcluster#1900."""
    before = b'May 18 12:10:18 ip-10-10-101-189 k3s[22277]: time="2026-05-18T12:10:18Z" level=info msg="'
    first = (
        b"Slow SQL: SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, "
        b"value, old_value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current, (SELECT MAX(prev_revision) AS "
        b"compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact, kine WHERE name LIKE '%' ESCAPE '^' AND id > "
        b'3311987 ORDER BY id ASC /* AfterOldValSQL */ LIMIT 500" duration=1.635096511s '
        b'started="2026-05-18T12:10:16.805985111Z"\n'
    )
    second = (
        b"Slow SQL (started: 2024-07-18 18:11:57.446659895 +0000 UTC m=+4.316214637) (total time: 1.677823309s): INSERT "
        b"INTO kine(name, created, deleted, create_revision, prev_revision, lease, value, old_value) values(?, ?, ?, ?, "
        b'?, ?, ?, ?) : [[/registry/clusterroles/system:controller:pvc-protection-controller 1 0 0 0 0 [107 56 115] []]]"\n'
    )
    found = calls(before + first + before + second)
    assert [call.query for call in found] == ["", "Insert"] or found[0].query == "AfterOldVal"
    assert found[0].milliseconds == pytest.approx(1635.096511)
    assert found[1].resource == "/registry/clusterroles/"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT (…), COUNT(c.theid) FROM kine AS kv WHERE mkv.name LIKE $1 AND mkv.name > $2) c", "CountCurrent"),
        ("SELECT * FROM (SELECT kv.id AS theid, kv.value, kv.old_value FROM kine AS kv WHERE mkv.name LIKE $1 AND mkv.name > $2 AND mkv.id <= $3) AS lkv", "GetRevisionAfter"),
        ("SELECT * FROM (SELECT kv.id AS theid, kv.value FROM kine AS kv WHERE mkv.name LIKE $1 AND mkv.name > $2) AS lkv", "GetCurrentVal"),
        ("SELECT now()", ""),
        ("UPDATE pods SET a = 1", ""),
    ],
)  # fmt: skip
def test_statements_of_unrecorded_eras_are_recognised_by_their_clauses(sql: str, name: str) -> None:
    line = f'time="x" level=info msg="Slow SQL (started: 2026-11-23 16:06:01.8 +0000 UTC) (total time: 1.2s): {sql}"\n'
    (call,) = calls(line.encode())
    assert (call.query, call.eras) == (name, ())


def test_values_and_keys_are_not_kept() -> None:
    case = emit.Case("v0.9.0", "Insert", "/registry/secrets/a/token", 1_769_570_586_432_488, 2_112_055_527)
    line = emit.text(case, 1).replace(b" 17 17]]", b" [104 117 110 116 101 114 50] []]]")
    (call,) = calls(line)
    assert "104 117" not in repr(call)
    assert "token" not in repr(call)
    assert call.resource == "/registry/secrets/"
