"""Each format of a real server's log gives the same calls; plans of auto_explain have their statement."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from kinetune.kine.queries import load_catalogue
from kinetune.logs.fast_path import FastPath
from kinetune.logs.options import GroupBy, LogOptions
from kinetune.model.hotspot import LoggedPlan, Signal, SlowCall, Vantage
from kinetune.plans import json_form, text_form
from tests.cli.call import wait_for
from tests.cluster import DEBIAN_15, Cluster, MissingServer
from tests.conftest import absent
from tests.database.stores import ask, make
from tests.logs.harness import scanned

ERA = "v0.14.8"
SECRET = b"hunter2 is the password\n"
KEY = "/registry/secrets/kube-system/it's"
FORMS = {"log": "postgresql stderr", "csv": "postgresql csvlog", "json": "postgresql jsonlog"}
PREFIXES = [
    "%m [%p] ",
    "%m [%p] %q%u@%d ",
    "%t:%r:%u@%d:[%p]: ",  # Amazon RDS
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",  # pgBadger's advice
    "%n %p ",
    "%a %m [%p] ",
    "< %m %c %v %x %e %b >",
]
YSQL = Path(__file__).parent.parent / "data" / "yugabytedb-2.21" / "ysql.log"
MANY = LogOptions(by=GroupBy.KEY)


class Server(NamedTuple):
    cluster: Cluster
    dsn: str


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that writes all three formats for each statement, in UTC as YugabyteDB does."""
    try:
        cluster = Cluster.start(DEBIAN_15, log_destination="stderr,csvlog,jsonlog", log_timezone="UTC")
    except MissingServer as missing:
        absent(str(missing))
        return
    ask(cluster.dsn(), "CREATE DATABASE kubernetes")
    make(cluster.dsn("kubernetes"), objects=20)
    yield Server(cluster, cluster.dsn("kubernetes"))
    cluster.remove()


_numbers = itertools.count(10_000)


def logged(server: Server, prefix: str, *before: str) -> dict[str, bytes]:
    """The calls in each log after one session with these settings."""
    ask(server.cluster.dsn(), f"ALTER SYSTEM SET log_line_prefix = '{prefix}'")
    ask(server.cluster.dsn(), "SELECT pg_reload_conf(), pg_sleep(0.1)")
    files = {form: server.cluster.data / "log" / f"server.{form}" for form in FORMS}
    sizes = {form: file.stat().st_size for form, file in files.items()}
    work(server.dsn, before)
    mark = f"mark{next(_numbers)}"
    ask(server.dsn, f"DO $$ BEGIN RAISE LOG '{mark}'; END $$")
    wait_for(lambda: all(mark.encode() in file.read_bytes() for file in files.values()), 10)
    return {form: file.read_bytes()[sizes[form] :] for form, file in files.items()}


def work(dsn: str, before: tuple[str, ...]) -> None:
    """Each query of Kine once, prepared and with parameters as pgx sends it, and one that is not from Kine."""
    arguments = {"text": KEY, "bigint": next(_numbers), "integer": 1, "boolean": False, "bytea": SECRET}
    with psycopg.connect(dsn, autocommit=True, cursor_factory=psycopg.RawCursor) as session:
        for statement in before:
            session.execute(statement.encode())
        for name in ("GetCurrentVal", "AfterOldVal", "CountCurrent", "Insert"):
            query = load_catalogue(ERA)[name]
            values = [KEY if one.type == "text" else arguments[one.type] for one in query.parameters]
            session.execute(query.text.replace(" FROM ", "\n\t\tFROM ").encode(), values, prepare=True)
        session.execute(b"SELECT\n'a, \"b\"' -- not Kine's\nFROM pg_class LIMIT 1")


def kine_calls(data: bytes) -> list[SlowCall]:
    events, counts = scanned([data], MANY)
    assert counts.not_understood == 0
    return [event for event in events if isinstance(event, SlowCall) and event.query]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_each_log_format_gives_the_same_calls(server: Server, prefix: str) -> None:
    logs = logged(server, prefix, "SET log_min_duration_statement = 0")
    found = {form: kine_calls(data) for form, data in logs.items()}
    names = [call.query for call in found["json"]]
    assert names == ["GetCurrentVal", "AfterOldVal", "CountCurrent", "Insert"]
    for form, calls in found.items():
        assert [call.query for call in calls] == names, form
        for call, other in zip(calls, found["json"], strict=True):
            assert call.milliseconds == other.milliseconds
            assert call.at == pytest.approx(other.at, abs=1.001 if "%t" in prefix else 0.002)
            assert (call.eras, call.resource, call.vantage) == (other.eras, other.resource, Vantage.SERVER_LOG)
        assert scanned([logs[form]])[1].formats[FORMS[form]] >= 5


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_key_is_read_and_the_value_is_not_kept(server: Server, prefix: str) -> None:
    logs = logged(server, prefix, "SET log_min_duration_statement = 0")
    for form, data in logs.items():
        assert SECRET.hex().encode() in data
        calls = kine_calls(data)
        assert calls[-1].query == "Insert"
        assert calls[-1].resource == "/registry/secrets/", form
        assert calls[-1].key.startswith("/registry/secrets/kube-system/it")
        assert SECRET.hex() not in repr(scanned([data]))


def test_the_fast_path_and_the_line_reader_agree(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    data = logged(server, "%m [%p] %q%u@%d ", "SET log_min_duration_statement = 0")["log"]
    quick, counts = scanned([data * 20])
    with monkeypatch.context() as patch:
        patch.setattr(FastPath, "_parse_record", lambda *_: None)
        slow, other = scanned([data * 20])
    assert [event for event in quick if isinstance(event, SlowCall)] == slow
    assert (counts.calls, counts.formats, counts.zones) == (other.calls, other.formats, other.zones)


def test_a_log_without_times_is_counted_and_its_calls_are_read(server: Server) -> None:
    data = logged(server, "", "SET log_min_duration_statement = 0")["log"]
    events, counts = scanned([data])
    assert len([event for event in events if isinstance(event, SlowCall) and event.query]) == 4
    assert counts.timeless >= 5


def test_a_time_in_a_statement_is_not_the_time_of_its_record() -> None:
    text = "LOG:  duration: 1.500 ms  statement: SELECT '1999-01-01 00:00:00'\n"
    (event,), counts = scanned([f"2026-11-23 16:00:00 UTC {text}".encode()])
    assert isinstance(event, SlowCall)
    assert event.at == pytest.approx(1_795_449_600 - 0.0015)
    assert scanned([text.encode()])[1].timeless == 1
    assert counts.timeless == 0


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("verbose", ["on", "off"])
def test_auto_explain_gives_plans_that_name_the_query_and_hide_values(server: Server, form: str, verbose: str) -> None:
    settings = (
        "LOAD 'auto_explain'",
        "SET auto_explain.log_min_duration = 0",
        "SET auto_explain.log_analyze = on",
        f"SET auto_explain.log_format = {form}",
        f"SET auto_explain.log_verbose = {verbose}",
        "SET plan_cache_mode = force_custom_plan",
    )
    for name, data in logged(server, "%m [%p] ", *settings).items():
        events, counts = scanned([data], MANY)
        plans = [event for event in events if isinstance(event, LoggedPlan) and event.query]
        assert [plan.query for plan in plans] == ["GetCurrentVal", "AfterOldVal", "CountCurrent", "Insert"], name
        assert plans[0].resource == "/registry/secrets/"
        assert counts.not_understood == 0
        for plan in plans:
            assert SECRET.hex() not in plan.text
            assert "Query Parameters" not in plan.text
        read = (
            json_form.read_json_plan(json.loads(plans[0].text))
            if form == "json"
            else text_form.read_text_plan(plans[0].text)
        )
        assert read.root.kind


def test_an_inlined_value_is_removed_from_the_plan(server: Server) -> None:
    """pgx' simple protocol, for old poolers, writes values into the text."""
    insert = f"INSERT INTO kine(name, value) VALUES('/registry/secrets/a/b', '\\x{SECRET.hex()}')"
    escaped = f"INSERT INTO kine(name, value) VALUES('/registry/secrets/a/c', E'\\\\x{SECRET.hex()}')"
    for form in ("text", "json"):
        settings = ("LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0", "SET auto_explain.log_verbose = on")
        run = (*settings, f"SET auto_explain.log_format = {form}", insert, escaped)
        for name, data in logged(server, "%m [%p] ", *run, "DELETE FROM kine WHERE id > 40").items():
            assert SECRET.hex().encode() in data, name
            assert SECRET.hex() not in repr(scanned([data])[0]), name


def test_log_duration_finds_the_statement_that_was_announced(server: Server) -> None:
    settings = ("SET log_statement = 'all'", "SET log_duration = on")
    for name, data in logged(server, "%m [%p] ", *settings).items():
        assert [call.query for call in kine_calls(data)] == [
            "GetCurrentVal",
            "AfterOldVal",
            "CountCurrent",
            "Insert",
        ], name


def test_errors_of_the_server_are_signals(server: Server) -> None:
    twice = f"INSERT INTO kine(id, value) VALUES(1, '\\x{SECRET.hex()}')"
    with pytest.raises(psycopg.errors.UniqueViolation):
        logged(server, "%m [%p] ", twice)
    for form, file in ((form, server.cluster.data / "log" / f"server.{form}") for form in FORMS):
        wait_for(lambda file=file: b"kine_pkey" in file.read_bytes(), 10)  # type: ignore[misc]
        events, _ = scanned([file.read_bytes()])
        signals = [event for event in events if isinstance(event, Signal)]
        assert {event.kind for event in signals} == {"id-taken"}, form
        assert all(SECRET.hex()[:10] not in event.text for event in signals), form


def test_the_recorded_server_log_of_a_folder_has_all_forms(server: Server, tmp_path: Path) -> None:
    from kinetune.logs.options import LogSources
    from kinetune.logs.read_logs import read_logs

    logged(server, "%m [%p] ", "SET log_min_duration_statement = 0")
    found = read_logs(LogSources((str(server.cluster.data / "log"),)))
    assert set(FORMS.values()) <= set(found.counts.formats)


def test_a_log_of_ysql_is_read_between_the_lines_of_its_tserver() -> None:
    """Recorded: each backend also writes lines of YugabyteDB's own log to the same file."""
    events, counts = scanned([YSQL.read_bytes()], MANY)
    calls = [event for event in events if isinstance(event, SlowCall) and event.query]
    assert [call.query for call in calls] == ["GetCurrentVal", "AfterOldVal", "CountCurrent", "Insert"] * 2
    assert {(call.resource, call.vantage) for call in calls} == {("/registry/secrets/", Vantage.SERVER_LOG)}
    assert [call.milliseconds for call in calls[:4]] == [2.319, 0.426, 0.755, 20.373]
    assert [event.kind for event in events if isinstance(event, Signal)] == ["id-taken"]
    assert (counts.not_understood, counts.unknown_language, counts.timeless) == (0, 0, 0)
    assert SECRET.hex() not in repr(events)
