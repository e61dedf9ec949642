"""The releases and the kind of store that logs name, and nothing that they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.logs.release_lines import OriginReader, OriginTotals
from kinetune.model.hotspot import LogOrigin, StoreKind
from tests.logs.harness import scanned

DATA = Path(__file__).parents[1] / "data"
STARTED = 'time="2023-12-10T11:20:01+01:00" level=info msg="Starting k3s v1.28.4+k3s2 (6ba6c1b6)"'


def origin_of(*lines: str) -> LogOrigin:
    totals = OriginTotals()
    data = ("\n".join(lines) + "\n").encode()
    OriginReader("log", totals).observe_window(data, len(data))
    return totals.freeze()


def names(origin: LogOrigin) -> list[str]:
    return [str(release) for release in origin.releases]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (STARTED, "K3s v1.28.4+k3s2"),
        (f"Dec 10 11:20:01 rpi k3s[2101]: {STARTED}", "K3s v1.28.4+k3s2"),
        (json.dumps({"log": f"{STARTED}\n", "stream": "stderr"}), "K3s v1.28.4+k3s2"),
        (json.dumps({"msg": "Starting k3s v1.28.4+k3s2 (6ba6c1b6)", "level": "info"}), "K3s v1.28.4+k3s2"),
        ("INFO[2019-11-26T11:02:06.635093407-07:00] Starting k3s v1.0.0 (18bd921c)", "K3s v1.0.0"),
        ('time="2024-01-02T03:04:05Z" level=info msg="Starting rke2 v1.28.4+rke2r1 (abc1234)"', "RKE2 v1.28.4+rke2r1"),
        ("k3s version v1.23.1+k3s1 (08d538fb)", "K3s v1.23.1+k3s1"),
        ("curl -sfL https://get.k3s.io | INSTALL_K3S_VERSION=v1.27.3+k3s1 sh -s - server", "K3s v1.27.3+k3s1"),
        ("Environment=\"INSTALL_K3S_VERSION='v1.27.3+k3s1'\"", "K3s v1.27.3+k3s1"),
        ("Pulling image docker.io/rancher/k3s:v1.28.4-k3s1-amd64", "K3s v1.28.4+k3s1"),
        ("    image: rancher/kine:v0.11.10-amd64", "Kine v0.11.10"),
        ("image: ghcr.io/rancher/kine:0.13.17", "Kine v0.13.17"),
        ("https://github.com/k3s-io/k3s/releases/download/v1.31.5%2Bk3s1/k3s", "K3s v1.31.5+k3s1"),
        ("https://github.com/k3s-io/kine/releases/download/v0.14.6-k3s1.31/kine-amd64", "Kine v0.14.6-k3s1.31"),
        ('I1127 22:00:09.1 1 server.go:1] "Starting Kubernetes Scheduler" version="v1.35.0+k3s1"', "K3s v1.35.0+k3s1"),
        ('kubernetes_build_info{git_version="v1.31.5+k3s1",go_version="go1.22"} 1', "K3s v1.31.5+k3s1"),
        ("kine version v0.13.17 (abc1234)", "Kine v0.13.17"),
    ],
)
def test_a_line_names_a_release(line: str, name: str) -> None:
    assert names(origin_of(line)) == [name]


@pytest.mark.parametrize(
    "line",
    [
        "user-agent:k3s/v1.19.5+k3s2 (linux/amd64) kubernetes/746cf40",
        "image: rancher/k3s-upgrade:v1.28.4-k3s1",
        "image: rancher/k3s:latest",
        'msg="Starting k3s agent v1.20.4+k3s1 (838a906a)"',
        "k3s v1.28.4 is out",
        'kubernetes_build_info{git_version="v1.31.5"} 1',
    ],
)
def test_other_lines_name_no_release(line: str) -> None:
    origin = origin_of(line)
    assert (origin.releases, origin.store_kinds) == ((), ())


def test_an_image_of_another_cluster_does_not_count_beside_a_start() -> None:
    assert names(origin_of(STARTED, "Pulling image rancher/k3s:v1.31.5-k3s1")) == ["K3s v1.28.4+k3s2"]


def test_all_releases_of_an_upgraded_server_are_named() -> None:
    later = STARTED.replace("v1.28.4+k3s2", "v1.36.5+k3s1")
    origin = origin_of(STARTED, later)
    assert names(origin) == ["K3s v1.28.4+k3s2", "K3s v1.36.5+k3s1"]
    assert origin.eras == ("E07", "E19")
    assert origin.logs_slow_sql is True


def test_a_start_far_behind_the_beginning_is_found_and_an_image_is_not() -> None:
    filler = ["x" * 1000] * 1200
    _, counts = scanned([("\n".join([*filler, STARTED]) + "\n").encode()])
    assert names(counts.origin.freeze()) == ["K3s v1.28.4+k3s2"]
    assert names(origin_of(*filler, "image: rancher/kine:v0.13.17")) == []


@pytest.mark.parametrize(
    ("release", "kine", "slow", "examined"),
    [
        ("v1.19.5+k3s2", "v0.6.2 or older", False, True),
        ("v1.21.7+k3s1", "v0.6.2 to v0.6.5", False, True),
        ("v1.24.2+k3s1", "v0.9.1", False, True),
        ("v1.24.2+k3s2", "v0.9.3", True, True),
        ("v1.23.17+k3s1", "v0.9.3 to v0.9.8", True, True),
        ("v1.35.0+k3s1", "v0.14.9", True, True),
        ("v1.38.0+k3s1", "", None, False),
    ],
)
def test_what_is_known_of_a_k3s(release: str, kine: str, slow: bool | None, examined: bool) -> None:
    origin = origin_of(STARTED.replace("v1.28.4+k3s2", release))
    found = origin.releases[0]
    assert (found.kine, origin.logs_slow_sql, found.examined) == (kine, slow, examined)
    assert bool(origin.unexamined) is not examined


def test_releases_that_differ_give_no_answer_for_both() -> None:
    assert origin_of(STARTED, STARTED.replace("v1.28.4+k3s2", "v1.19.5+k3s2")).logs_slow_sql is None
    assert origin_of("nothing").logs_slow_sql is None


def read(path: Path) -> LogOrigin:
    return read_logs(LogSources((str(path),)), LogOptions()).origin


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("logs/k3s-sqlite.log", StoreKind.SQLITE),
        ("logs/k3s-sqlite-table-gone.log", StoreKind.SQLITE),
        ("logs/k3s-etcd.log", StoreKind.ETCD),
        ("logs/k3s-start-wrong-token.log", StoreKind.POSTGRESQL),
        ("logs/k3s-postgresql-killed.log", StoreKind.POSTGRESQL),
        ("logs/slow-v0.14.16.log", StoreKind.POSTGRESQL),
        ("cases/16/kine.log", StoreKind.SQLITE),
    ],
)
def test_real_logs_show_their_store(name: str, kind: StoreKind) -> None:
    origin = read(DATA / name)
    assert origin.store_kind is kind
    assert origin.is_sql_server is (kind is StoreKind.POSTGRESQL)
    if name.startswith("logs/k3s"):
        assert names(origin) == ["K3s v1.35.0+k3s1"]
        assert origin.logs_slow_sql is (kind is not StoreKind.ETCD)


def test_an_unnamed_store_is_not_guessed(tmp_path: Path) -> None:
    log = tmp_path / "k3s.log"
    log.write_text(f"{STARTED}\n")
    assert read(log).store_kind is None
    assert read(log).is_sql_server is None


SLOW = 'time="2024-03-17T02:11:04Z" level=info msg="Slow SQL (started: 2024-03-17 02:11:02 +0000 UTC m=+1) (total time: 2s): {}"'
TXN = 'time="2024-03-17T02:11:04Z" level=error msg="error in txn: {}"'


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (SLOW.format("DELETE FROM kine AS kv WHERE kv.id = ?"), StoreKind.SQLITE_OR_MYSQL),
        (SLOW.format("DELETE FROM kine AS kv WHERE kv.id = $1"), StoreKind.POSTGRESQL),
        (SLOW.format("SELECT 1 FROM kine WHERE name = '/registry/a?b'"), None),
        (TXN.format("exec (try: 500): database is locked"), StoreKind.DQLITE),
        (TXN.format("query (try: 0): context canceled"), StoreKind.DQLITE),
        (TXN.format("database is locked"), StoreKind.SQLITE),
        (TXN.format("Error 1213 (40001): Deadlock found when trying to get lock"), StoreKind.MYSQL),
        (TXN.format("pq: sorry, too many clients already"), StoreKind.POSTGRESQL),
        (TXN.format("context canceled"), None),
    ],
)
def test_statements_and_errors_show_the_store(tmp_path: Path, line: str, kind: StoreKind | None) -> None:
    log = tmp_path / "kine.log"
    log.write_text(f"{line}\n{line}\n")
    assert read(log).store_kind is kind


def test_two_stores_are_both_named(tmp_path: Path) -> None:
    log = tmp_path / "kine.log"
    log.write_text(
        "\n".join((TXN.format("database is locked"), TXN.format("pq: sorry, too many clients already"))) + "\n"
    )
    origin = read(log)
    assert origin.store_kinds == (StoreKind.POSTGRESQL, StoreKind.SQLITE)
    assert origin.store_kind is None
    assert origin.is_sql_server is None


def test_processes_and_blocks_do_not_change_the_origin(tmp_path: Path) -> None:
    log = tmp_path / "k3s.log"
    log.write_text(f"{'y' * 500}\n" * 200_000 + f"{STARTED}\n" + TXN.format("database is locked") + "\n")
    one = read_logs(LogSources((str(log),)), LogOptions()).origin
    two = read_logs(LogSources((str(log),)), LogOptions(jobs=2)).origin
    assert one == two
    assert names(one) == ["K3s v1.28.4+k3s2"]
