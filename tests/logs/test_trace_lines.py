"""The API server's traces become calls of its store, by resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.logs.options import GroupBy, LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.logs.trace_lines import parse_trace
from kinetune.model.hotspot import LogReading, Vantage

DATA = Path(__file__).parents[1] / "data"
LIST = (
    'I0125 23:01:02.418308   27841 trace.go:205] Trace[1617977170]: "List etcd3" key:/secrets,resourceVersion:,'
    "resourceVersionMatch:,limit:500,continue: (25-Jan-2021 23:00:55.532) (total time: 6885ms):"
)
UPDATE = (
    'I0901 10:00:02.000000       1 trace.go:236] Trace[7]: "Update" accept:application/json, */*,audit-id:1f,'
    "client:10.0.0.7,api-group:coordination.k8s.io,api-version:v1,name:node-1,subresource:,namespace:kube-node-lease,"
    "protocol:HTTP/2.0,resource:leases,scope:resource,url:/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/"
    "leases/node-1,user-agent:kubelet/v1.27.4,verb:PUT (01-Sep-2023 10:00:00.350) (total time: 1649ms):"
)
STEPS = (
    'Trace[7]: ["GuaranteedUpdate etcd3" audit-id:1f,key:/leases/kube-node-lease/node-1,type:*coordination.Lease,'
    "resource:leases.coordination.k8s.io 1647ms (10:00:00.352)",
    'Trace[7]:  ---"Txn call completed" 1640ms (10:00:01.993)]',
    'Trace[7]: ---"Object stored in database" 1646ms (10:00:01.998)',
    "Trace[7]: [1.649012345s] [1.649012345s] END",
)


def parsed(line: str, by: GroupBy = GroupBy.RESOURCE) -> tuple[str, str, float] | None:
    found = parse_trace(line.encode(), UTC, by)
    return (found.query, found.key or found.resource, found.milliseconds) if found else None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LIST, ("List etcd3", "/registry/secrets/", 6885.0)),
        (UPDATE, ("Update request", "/registry/leases/", 1649.0)),
        (STEPS[0], ("GuaranteedUpdate etcd3", "/registry/leases/", 1647.0)),
        (
            'Trace[21]: "List etcd3" key:/project.cattle.io/apprevisions,limit:10000,continue: (started: 2020-07-25 '
            "19:38:44.067641864 +0000 UTC m=+54.879655107) (total time: 10.246742555s):",
            ("List etcd3", "/registry/project.cattle.io/apprevisions/", 10246.742555),
        ),
        (
            'Trace[1]: "List(recursive=true) etcd3" audit-id:1,key:/pods,resourceVersion:,limit:500,continue: '
            "(10-Apr-2022 21:18:13.013) (total time: 1648ms):",
            ("List etcd3", "/registry/pods/", 1648.0),
        ),
        (
            'Trace[60]: "GuaranteedUpdate etcd3" type:*core.Event (22-Mar-2021 23:02:22.937) (total time: 1846ms):',
            ("GuaranteedUpdate etcd3", "*core.Event", 1846.0),
        ),
        (
            'Trace[1]: "Get" url:/api/v1/nodes/n1,user-agent:x (10-Apr-2022 21:18:13.013) (total time: 900ms):',
            ("Get request", "/registry/minions/", 900.0),
        ),
        (
            'Trace[1]: "Get" url:/api/v1/namespaces/default (10-Apr-2022 21:18:13.013) (total time: 900ms):',
            ("Get request", "/registry/namespaces/", 900.0),
        ),
        (
            'Trace[1]: "Patch" url:/api/v1/namespaces/kube-system/pods/web-1/status,user-agent:k3s/v1.19.5+k3s2 '
            "(linux/amd64) kubernetes/746cf40,client:127.0.0.1 (25-Jan-2021 23:00:48.532) (total time: 9985ms):",
            ("Patch request", "/registry/pods/", 9985.0),
        ),
    ],
)
def test_a_trace_is_a_call_on_a_resource(line: str, expected: tuple[str, str, float]) -> None:
    assert parsed(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        *STEPS[1:],
        'Trace[1900267674]: "Reflector ListAndWatch" name:storage/cacher.go:/clusterrolebindings (10-Apr-2022 '
        "21:18:13.013) (total time: 11648ms):",
        'Trace[5]: "Call validating webhook" name:x (10-Apr-2022 21:18:13.013) (total time: 11648ms):',
        'Trace[5]: "List etcd3" key:/secrets (10-Apr-2022 21:18:13.013) (total time: ',
        'Trace[5]: "List etcd3" key:/secrets (31-Foo-2022 21:18:13.013) (total time: xms):',
        'Trace[x]: "List etcd3"',
    ],
)
def test_other_traces_and_damaged_lines_are_not_calls(line: str) -> None:
    assert parsed(line) is None


def test_calls_can_be_grouped_by_namespace_and_key() -> None:
    assert parsed(STEPS[0], GroupBy.NAMESPACE) == (
        "GuaranteedUpdate etcd3",
        "/registry/leases/kube-node-lease/",
        1647.0,
    )
    key = "/registry/leases/kube-node-lease/node-1"
    assert parsed(STEPS[0], GroupBy.KEY) == ("GuaranteedUpdate etcd3", key, 1647.0)


def test_the_start_is_in_the_time_of_the_host() -> None:
    found = parse_trace(LIST.encode(), timezone(timedelta(hours=2)), GroupBy.RESOURCE)
    assert found is not None
    assert found.started is not None
    assert found.started.at == datetime(2021, 1, 25, 21, 0, 55, 532000, tzinfo=UTC).timestamp()


def read(path: Path, text: str) -> LogReading:
    path.write_text(text)
    return read_logs(LogSources((str(path),)), LogOptions())


def ranked(reading: LogReading) -> dict[tuple[str, str], int]:
    return {(spot.query, spot.resource): spot.count for spot in reading.hotspots if spot.vantage is Vantage.API_SERVER}


EXPECTED = {
    ("List etcd3", "/registry/secrets/"): 1,
    ("Update request", "/registry/leases/"): 1,
    ("GuaranteedUpdate etcd3", "/registry/leases/"): 1,
}


@pytest.mark.parametrize("envelope", ["plain", "journald", "cri", "docker", "journal-json", "k0s", "quoted"])
def test_traces_are_ranked_in_any_envelope(tmp_path: Path, envelope: str) -> None:
    lines = [LIST, UPDATE, *STEPS]
    wraps: dict[str, Callable[[str], str]] = {
        "plain": str,
        "journald": lambda line: f"Jan 25 23:01:02 host k3s[1]: {line}",
        "cri": lambda line: f"2023-09-01T10:00:02.1Z stderr F {line}",
        "docker": lambda line: json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2023-09-01T10:00:02.1Z"}),
        "k0s": lambda line: f'time="2023-09-01 10:00:02" level=info msg={json.dumps(line)} component=kube-apiserver',
        "quoted": json.dumps,
        "journal-json": lambda line: json.dumps({"__REALTIME_TIMESTAMP": "1693562402000000", "MESSAGE": line}),
    }
    wrap = wraps[envelope]
    reading = read(tmp_path / "log", "".join(f"{wrap(line)}\n" for line in lines))
    assert ranked(reading) == EXPECTED
    assert reading.counts.calls == 3
    assert reading.counts.not_understood == 0


def test_traces_are_the_only_times_of_a_kine_that_logs_no_slow_sql() -> None:
    reading = read_logs(LogSources((str(DATA / "cases" / "12" / "k3s.log"),)), LogOptions())
    assert ranked(reading) == {("Patch request", "/registry/pods/"): 1, ("List etcd3", "/registry/secrets/"): 1}
    assert reading.origin.logs_slow_sql is False
    slowest = max(spot.max for spot in reading.hotspots if spot.query == "List etcd3")
    assert slowest == 6885.0


def test_in_a_log_with_slow_sql_the_same_calls_are_not_ranked_twice(tmp_path: Path) -> None:
    slow = (DATA / "logs" / "slow-v0.14.16.log").read_text()
    alone, both = read(tmp_path / "a", slow), read(tmp_path / "b", f"{LIST}\n{slow}{LIST}\n")
    assert ranked(both) == {}
    assert both.counts.calls == alone.counts.calls
    assert both.counts.hits >= alone.counts.hits


def test_the_api_servers_own_log_is_ranked_beside_kines(tmp_path: Path) -> None:
    (tmp_path / "kine.log").write_text((DATA / "logs" / "slow-v0.14.16.log").read_text())
    (tmp_path / "apiserver.log").write_text(f"{LIST}\n")
    reading = read_logs(LogSources((str(tmp_path),)), LogOptions())
    assert ranked(reading) == {("List etcd3", "/registry/secrets/"): 1}
    assert {spot.vantage for spot in reading.hotspots} == {Vantage.API_SERVER, Vantage.KINE_LOG}


PIECES = st.sampled_from([LIST.encode(), UPDATE.encode(), *(step.encode() for step in STEPS)])


@given(PIECES, st.integers(0, 400), st.binary(max_size=8), st.sampled_from(GroupBy))
def test_damaged_traces_raise_nothing(line: bytes, at: int, noise: bytes, by: GroupBy) -> None:
    found = parse_trace(line[:at] + noise + line[at + len(noise) :], UTC, by)
    assert found is None or found.milliseconds >= 0
