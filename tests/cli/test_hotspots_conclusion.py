"""What `kinetune hotspots` says without slow calls. "Kine was idle" needs lines of a program with a known threshold."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.cli.slow_log import slow_log
from tests.cluster import Cluster
from tests.database.stores import ask, make
from tests.logs.exports import DOCUMENTS, Line

DATA = Path(__file__).parents[1] / "data"
KINE_START = (
    'time="2026-11-23T16:01:56Z" level=info msg="Configuring pgx database connection pooling: maxIdleConns=2"\n'
    'time="2026-11-23T16:01:57Z" level=info msg="Kine available at http://127.0.0.1:2379"\n'
)
K3S_START = 'time="2026-11-23T16:01:50Z" level=info msg="Starting k3s v1.33.4+k3s1 (148243c4)"\n'
REFUSED = (
    'time="2026-11-23T16:01:55Z" level=fatal msg="starting kubernetes: preparing server: creating storage endpoint: '
    'building kine: dial tcp 10.0.0.9:5432: connect: connection refused"\n'
)
OTHER_GO = 'time="2026-11-23T16:01:56.118Z" level=info msg="starting containerd" revision=abc version=1.7.2\n'
KUBELET = "I1123 16:01:56.101010    1234 kubelet_node_status.go:70] Attempting to register node\n"
SERVER = "2026-11-23 16:01:56.331 UTC [319] LOG:  "
QUIET_SERVER = f"{SERVER}checkpoint starting: time\n{SERVER}database system is ready to accept connections\n"
FAST_SERVER = f"{SERVER}duration: 0.1 ms  parse stmtcache_1: SELECT 1\n"
IDLE = "or Kine was idle"


def conclude(folder: Path, text: str, *options: str) -> tuple[int, str, str]:
    """The exit status, the first paragraph of the report, and stderr."""
    (folder / "some.log").write_text(text)
    result = call("hotspots", folder / "some.log", *options, COLUMNS="1000")
    return result.status, next(iter(result.out.splitlines()[3:]), ""), result.err


QUIET = {
    "K3s": (K3S_START, "No Kine calls found: none was slower than --slow-sql-threshold (default 1 s), "),
    "Kine": (KINE_START, "No Kine calls found: none was slower than --slow-sql-threshold (default 1 s), "),
    "syslog": (
        "Nov 23 16:01:56 host k3s[99]: I1123 16:01:56.101010      99 handler.go:1] done\n",
        "No Kine calls found: none was slower than --slow-sql-threshold (default 1 s), ",
    ),
    "server": (FAST_SERVER, "No Kine calls found: no statement was slower than log_min_duration_statement, "),
    "API server": (
        "I1123 16:01:56.101010       1 storage_factory.go:289] storing apps in apps/v1 of kube-apiserver\n",
        "No slow calls found: the API server traced no request of 500 ms or longer. No line is of Kine.",
    ),
}


@pytest.mark.parametrize("writer", QUIET)
def test_nothing_was_slow_is_said_of_a_program_that_logs_slow_calls(writer: str, tmp_path: Path) -> None:
    text, words = QUIET[writer]
    status, first, err = conclude(tmp_path, text)
    assert (status, err) == (0, "")
    assert first.startswith(words)


UNKNOWN = {
    "another Go program": (OTHER_GO, "no line is certainly of Kine"),
    "kubelet": (KUBELET, "no line is certainly of Kine"),
    "a Java program": (
        OTHER_GO + "2026-11-23 16:01:56.331  INFO 1 --- [main] o.s.web.Server : duration: 12 ms\n",
        "no line is certainly of Kine",
    ),
    "a program with JSON": (
        OTHER_GO + '{"time":"2026-11-23T16:01:56Z","level":"info","message":"duration: 12.5 ms"}\n',
        "no line is certainly of Kine",
    ),
    "a program with a database": (
        OTHER_GO + 'time="2026-11-23T16:01:57Z" level=error msg="load orders: ERROR: deadlock (SQLSTATE 40P01)"\n',
        "no line is certainly of Kine",
    ),
    "another controller": (
        KUBELET + "E1123 16:01:57.101010       1 leader.go:330] leaderelection lost\n",
        "no line is certainly of Kine",
    ),
    "K3s agent": (
        'Nov 23 16:01:56 host k3s[9]: time="2026-11-23T16:01:56Z" level=info msg="Starting k3s agent v1.33.4+k3s1"\n',
        "no line is certainly of Kine",
    ),
    "server without durations": (QUIET_SERVER, "the server's log has no durations"),
    "old K3s": (
        K3S_START.replace("v1.33.4+k3s1", "v1.19.5+k3s2"),
        "K3s v1.19.5+k3s2 logs no slow SQL, which begins with Kine v0.9.2 (K3s v1.24.3)",
    ),
    "K3s that may be too old": (
        K3S_START.replace("v1.33.4+k3s1", "v1.22.17+k3s1"),
        "K3s v1.22.17+k3s1 (Kine v0.9.1 to v0.9.8) may be older",
    ),
    # Of a real PgBouncer 1.18, whose server could not be reached.
    "PgBouncer": (
        "2026-11-28 01:12:43.164 UTC [5932] LOG process up: PgBouncer 1.18.0, libevent 2.1.12-stable (epoll)\n"
        "2026-11-28 01:12:44.284 UTC [5932] LOG C-0x55876f3496c0: kine/x@127.0.0.1:47204 login attempt: db=kine user=x "
        "tls=no\n"
        "2026-11-28 01:12:44.284 UTC [5932] LOG S-0x55876f350da0: kine/x@127.0.0.1:5999 closing because: "
        "connect failed (age=0s)\n",
        "the log is PgBouncer's, which has no statements",
    ),
    "a mail program": (
        "".join(f"{piece}\n" for line in f"{K3S_START}{KINE_START}".splitlines() for piece in textwrap.wrap(line, 72)),
        "end within the message, as a terminal or an editor breaks lines",
    ),
    "NATS": (
        'time="2026-11-23T16:01:55Z" level=info msg="connecting to nats://127.0.0.1:4222"\n'
        'time="2026-11-23T16:01:57Z" level=info msg="Kine available at http://127.0.0.1:2379"\n',
        "the logs show NATS, so no SQL is logged",
    ),
    "etcd": (
        K3S_START + 'time="2026-11-23T16:01:52Z" level=info msg="Managed etcd cluster initializing"\n',
        "the logs show etcd, so no Kine runs",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_is_exit_3(case: str, tmp_path: Path) -> None:
    text, words = UNKNOWN[case]
    status, first, err = conclude(tmp_path, text)
    assert status == 3
    assert first.startswith("Not known whether ")
    assert words in first
    assert words in err
    assert IDLE not in first


def test_a_last_line_that_is_still_being_written_is_not_broken(tmp_path: Path) -> None:
    status, first, _ = conclude(tmp_path, f"{KINE_START}{KINE_START[:70]}")
    assert status == 0
    assert IDLE in first


def test_an_unknown_form_around_slow_sql_is_exit_3(tmp_path: Path) -> None:
    """More lines of Slow SQL were lost than read, although the same log has lines that were understood."""
    broken = "".join(f"<<{n}>> Slow SQL (started: broken\n" for n in range(7))
    status, first, err = conclude(tmp_path, KINE_START + broken)
    assert status == 3
    assert first.startswith("7 lines with Slow SQL or a duration could not be read: ")
    assert IDLE not in first
    assert err.startswith("kinetune: 7 lines with Slow SQL")


def test_one_unread_line_among_many_calls_is_a_note(tmp_path: Path) -> None:
    log = slow_log(tmp_path)
    log.write_text(log.read_text() + "<<1>> Slow SQL (started: broken\n")
    result = call("hotspots", log)
    assert (result.status, result.err) == (0, "")
    assert "lines with a known marker that could not be parsed: 1" in result.out


def test_a_failed_start_is_exit_3(tmp_path: Path) -> None:
    status, first, err = conclude(tmp_path, K3S_START + REFUSED)
    assert status == 3
    assert first.startswith("Kine did not start: ")
    assert err.startswith("kinetune: Kine did not start: the database server does not accept connections")
    assert err.endswith("; the report has the next step\n")


@pytest.mark.parametrize("export", ["gcloud logging read", "gcloud logging read of payloads", "carriage returns"])
def test_a_failed_start_is_found_in_folded_documents(export: str, tmp_path: Path) -> None:
    """gcloud folds a line at 80 columns, so that no line of its output has the cause and Kine's name."""
    lines = [Line(text, datetime(2026, 11, 23, 16, 2, tzinfo=UTC)) for text in (K3S_START + REFUSED).splitlines()]
    status, first, _ = conclude(tmp_path, DOCUMENTS[export](lines).decode())
    assert status == 3
    assert first.startswith("Kine did not start: ")


@pytest.mark.parametrize("width", [80, 120])
def test_a_failed_start_is_found_in_a_paste_of_a_terminal(width: int, tmp_path: Path) -> None:
    pieces = [line[at : at + width] for line in (K3S_START + REFUSED).splitlines() for at in range(0, len(line), width)]
    status, first, err = conclude(tmp_path, "\n".join(pieces))
    assert status == 3
    assert first.startswith("Kine did not start: ")
    assert "does not accept connections" in err


def test_a_release_whose_kine_is_not_known_has_a_caveat(tmp_path: Path) -> None:
    status, first, _ = conclude(tmp_path, K3S_START.replace("v1.33.4+k3s1", "v1.35.0-rc1+k3s1"))
    assert status == 0
    assert first.endswith(
        "The Kine in K3s v1.35.0-rc1+k3s1 is not known: slow SQL is logged from Kine v0.9.2 (K3s v1.24.3) on."
    )


def test_a_fatal_error_at_the_end_of_a_log_is_exit_3(tmp_path: Path) -> None:
    stopped = 'time="2026-11-23T16:02:52Z" level=fatal msg="apiserver exited: unknown error"\n'
    status, first, err = conclude(tmp_path, KINE_START + stopped)
    assert (status, first) == (3, "Kine or K3s stopped with a fatal error.")
    assert err
    later = KINE_START.replace("16:01", "16:03")
    status, first, err = conclude(tmp_path, KINE_START + stopped + later)
    assert (status, err) == (0, "")
    assert "1 line reports a problem" in first
    assert IDLE not in first


def test_a_fatal_error_of_another_program_says_nothing_of_kine(tmp_path: Path) -> None:
    stopped = 'time="2026-11-23T16:02:52Z" level=fatal msg="unknown error"\n'
    status, first, _ = conclude(tmp_path, OTHER_GO + stopped)
    assert status == 3
    assert "no line is certainly of Kine" in first


def test_a_start_that_failed_before_a_good_one_is_exit_0(tmp_path: Path) -> None:
    """systemd restarts K3s until the database is up: the log of such a night must not end in an alarm."""
    status, first, err = conclude(tmp_path, K3S_START + REFUSED + K3S_START + KINE_START)
    assert (status, err) == (0, "")
    assert first.startswith("Kine did not start: ")
    report = call("hotspots", tmp_path / "some.log", COLUMNS="1000").out
    assert "Kine ran after 11-23 16:01:55 UTC, when its start failed last." in report


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_good_start_is_found_everywhere_in_a_log(jobs: str, tmp_path: Path) -> None:
    """The journal of a month: the database was down once, between megabytes of other lines."""
    other = (
        'time="2026-11-23T15:00:00Z" level=info msg="Connecting to proxy url=wss://10.0.0.1:6443/v1-k3s/connect"\n'
        * 40_000
    )
    refused, started = REFUSED.replace("16:01:55", "16:02:00"), KINE_START.replace("16:01:5", "16:02:0")
    assert conclude(tmp_path, KINE_START + other + refused + other, "--jobs", jobs)[0] == 3
    assert conclude(tmp_path, KINE_START + other + refused + started + other, "--jobs", jobs)[0] == 0


def test_a_start_that_fails_after_a_good_one_is_exit_3(tmp_path: Path) -> None:
    later = REFUSED.replace("16:01:55", "17:30:00")
    assert conclude(tmp_path, K3S_START + KINE_START + later)[0] == 3
    (tmp_path / "some.log").write_text(slow_log(tmp_path).read_text() + later)
    result = call("hotspots", tmp_path / "some.log")
    assert result.status == 3
    assert "ListCurrentVal" in result.out


def test_a_start_that_fails_in_the_second_of_a_good_one_is_exit_3(tmp_path: Path) -> None:
    """K3s writes whole seconds, and k0s writes its own fraction of a second before each line of its Kine."""
    lines = f"{K3S_START}{KINE_START}{REFUSED}".replace("16:01:55", "16:01:57").splitlines()
    quoted = (line.replace('"', '\\"') for line in lines)
    text = "".join(
        f'time="{line[7:26]}.{at}00Z" level=info msg="{line}" component=k3s\n' for at, line in enumerate(quoted, 1)
    )
    status, first, _ = conclude(tmp_path, text)
    assert first.startswith("Kine did not start: ")
    assert status == 3


def test_options_that_exclude_all_calls_are_named(tmp_path: Path) -> None:
    status, first, _ = conclude(tmp_path, slow_log(tmp_path).read_text(), "--min-duration", "1h")
    assert status == 0
    assert first == "No Kine calls found within --from, --to and --min-duration: 11 lines excluded."


def test_a_log_of_another_program_beside_kines_is_a_note(tmp_path: Path) -> None:
    slow_log(tmp_path)
    (tmp_path / "containerd.log").write_text(OTHER_GO)
    result = call("hotspots", tmp_path, COLUMNS="1000")
    assert result.status == 0
    assert f"or a database server in {tmp_path / 'containerd.log'}" in result.out
    assert f"in {tmp_path / 'k3s.log'}" not in result.out.partition("Notes")[2]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_json_has_the_conclusion(jobs: str, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(OTHER_GO)
    (tmp_path / "b.log").write_text(OTHER_GO)
    result = call("hotspots", tmp_path, "--jobs", jobs, "--format", "json")
    assert result.status == 3
    conclusion = json.loads(result.out)["conclusion"]
    assert conclusion["is_known"] is False
    assert conclusion["next_step"].startswith("name the log of Kine")
    assert json.loads(call("hotspots", slow_log(tmp_path), "--format", "json").out)["conclusion"] is None


def test_a_database_without_pg_stat_statements_is_not_idle(pg15: Cluster, database15: str) -> None:
    """The server preloads it, so CREATE EXTENSION is all that is missing. The report has the remedy once."""
    make(database15)
    result = call("hotspots", "--endpoint", database15, COLUMNS="1000")
    assert result.status == 3
    assert result.line.startswith("pg_stat_statements is not installed in database ")
    assert result.line.endswith("; the report has the next step")
    assert "idle" not in result.out.replace("Idle sessions", "")
    assert "Not known whether Kine is slow: only the current sessions could be read" in result.out
    assert (result.out + result.err).count("CREATE EXTENSION pg_stat_statements") == 1
    assert "shared_preload_libraries" not in result.out + result.err
    ask(database15, "CREATE EXTENSION pg_stat_statements")
    assert call("hotspots", "--endpoint", database15).status == 0


def test_a_database_that_no_kine_used_says_so(pg15: Cluster, database15: str) -> None:
    ask(database15, "CREATE EXTENSION pg_stat_statements")
    result = call("hotspots", "--endpoint", database15, COLUMNS="1000")
    assert (result.status, result.err) == (0, "")
    assert "pg_stat_statements counted no statement of Kine's" in result.out
    assert IDLE not in result.out
