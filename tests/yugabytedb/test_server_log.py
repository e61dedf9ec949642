"""YSQL's own log on each node: the same calls as pg_stat_statements of that node, between the lines of the tserver."""

from __future__ import annotations

import psycopg
import pytest

from kinetune.kine.query_recognition import name_of
from kinetune.logs.options import GroupBy, LogOptions
from kinetune.model.hotspot import Signal, SlowCall, Vantage
from tests.logs.harness import scanned
from tests.logs.test_server_logs import KEY, SECRET, work
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.sources import log_of

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]
TABLE = (
    "CREATE TABLE kine(id BIGSERIAL PRIMARY KEY, name text, created INTEGER, deleted INTEGER, create_revision BIGINT, "
    "prev_revision BIGINT, lease INTEGER, value bytea, old_value bytea)"
)
KINE_QUERIES = ["GetCurrentVal", "AfterOldVal", "CountCurrent", "Insert"]
STATEMENTS = "SELECT query, total_time FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE datname = %s"


def test_the_log_of_each_node_agrees_with_its_statistics(yb: Yb, empty: str) -> None:
    yb.execute(empty, TABLE)
    database = empty.partition("?")[0].rpartition("/")[2]
    hosts = [str(host) for (host,) in yb.execute(empty, "SELECT host FROM yb_servers()")]
    for host in hosts:
        dsn = psycopg.conninfo.make_conninfo(empty, host=host)
        with psycopg.connect(dsn, autocommit=True) as connection:
            log = log_of(connection)
            start = log.stat().st_size
            work(dsn, ("SET log_min_duration_statement = 0",))
            with pytest.raises(psycopg.errors.UniqueViolation):
                work(dsn, ("INSERT INTO kine(id, name) SELECT id, name FROM kine",))
            rows = connection.execute(STATEMENTS, (database,)).fetchall()
        events, counts = scanned([log.read_bytes()[start:]], LogOptions(by=GroupBy.KEY))
        calls = [event for event in events if isinstance(event, SlowCall) and event.query]
        assert [call.query for call in calls] == KINE_QUERIES
        assert {call.vantage for call in calls} == {Vantage.SERVER_LOG}
        assert calls[-1].resource == "/registry/secrets/"
        assert calls[-1].key.startswith(KEY.split("'")[0])
        assert SECRET.hex() not in repr(events)
        assert (counts.not_understood, counts.unknown_language) == (0, 0)
        assert [event.kind for event in events if isinstance(event, Signal)][-1] == "id-taken"
        measured = {found[1]: total for query, total in rows if (found := name_of(str(query)))}
        assert set(measured) == set(KINE_QUERIES)
        for call in calls:
            assert call.milliseconds >= 0.5 * measured[call.query], call.query
            assert call.milliseconds <= measured[call.query] + 500.0, call.query
