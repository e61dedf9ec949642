"""Before ids are made on YugabyteDB: what nodes tell of their cache is told, and refused where it is above 1."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from kinetune.commands.init import Seen, Wish
from kinetune.commands.init_sequence import refuse_probed, refuse_seen
from kinetune.database.session import visit
from kinetune.kine.releases import EraInUse, newest
from kinetune.model.cluster import Cluster
from kinetune.model.facts import NOT_ASKED, Facts, Unknown
from kinetune.model.failure import Refused
from kinetune.reports.table import write
from kinetune.tuning.difference import difference
from kinetune.tuning.profiles import target
from kinetune.views.init import planned
from tests.database.stores import ask, place
from tests.rules.made import cluster, node, yugabytedb

NEWEST = EraInUse(newest(), "said by the test")
HIGH = {"ysql_sequence_cache_minval": "100"}


def page(shown: Seen) -> str:
    stream = io.StringIO()
    write(planned(shown), "markdown", stream)
    return stream.getvalue()


def wish(*allow: str) -> Wish:
    return Wish("tuned", NEWEST, frozenset(allow), frozenset())


def seen(nodes: Cluster | Unknown) -> Seen:
    """An empty database on those nodes."""
    facts: Facts = replace(yugabytedb(), table=None, probe=NOT_ASKED, cluster=nodes)
    return Seen(facts, NEWEST, difference(facts, target("tuned", facts.server, newest())))


def test_a_node_with_the_default_is_refused_by_name_before_anybody_is_asked() -> None:
    with pytest.raises(Refused) as refused:
        refuse_seen(seen(cluster(node(1), node(2, flags=HIGH), node(3))), wish())
    assert str(refused.value).startswith(
        "nothing was changed: ids would be cached 100 at a time (10.0.0.2:5433); restart every tserver with "
        "--ysql_sequence_cache_minval=1, or add --allow SEQUENCE_CACHE"
    )
    refuse_seen(seen(cluster(node(1), node(2, flags=HIGH), node(3))), wish("SEQUENCE_CACHE"))


def test_a_flag_of_one_everywhere_needs_nobodys_leave() -> None:
    refuse_seen(seen(cluster()), wish())
    assert not seen(cluster()).script.hazards


def test_the_plan_has_the_lines_for_every_way_of_starting_a_tserver() -> None:
    text = page(seen(cluster(node(1), node(2, flags=HIGH))))
    assert "ysql_sequence_cache_minval is 1 on 10.0.0.1:5433; 100 on 10.0.0.2:5433." in " ".join(text.split())
    for line in (
        "yugabyted start --tserver_flags",
        "--set gflags.tserver.ysql_sequence_cache_minval=1",
        "yb-tserver --",
    ):
        assert line in text
    assert "was not seen on every node" in " ".join(page(seen(NOT_ASKED)).split())
    assert "cache of ids" not in page(seen(cluster()))


@pytest.fixture
def caching(database15: str) -> str:
    """A PostgreSQL that treats CREATE SEQUENCE as YugabyteDB does with its default flag."""
    ask(
        database15,
        """CREATE FUNCTION hundred() RETURNS event_trigger LANGUAGE plpgsql AS $$
           DECLARE made record; BEGIN
             FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_type = 'sequence' LOOP
               EXECUTE 'ALTER SEQUENCE ' || made.object_identity || ' CACHE 100';
             END LOOP; END $$;
           CREATE EVENT TRIGGER hundred ON ddl_command_end
           WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION hundred()""",
    )
    return database15


def test_where_nobody_told_a_scratch_sequence_does_and_nothing_stays(caching: str) -> None:
    with visit(place(caching), "test", write=True) as session:
        with pytest.raises(Refused, match="nothing was changed: ids would be cached 100 at a time"):
            refuse_probed(session, seen(NOT_ASKED), wish())
        refuse_probed(session, seen(NOT_ASKED), wish("SEQUENCE_CACHE"))
        with pytest.raises(Refused):  # HTTP may tell of a flag that the SQL processes never got
            refuse_probed(session, seen(cluster()), wish())
    assert ask(caching, "SELECT relname FROM pg_class WHERE relkind = 'S'") == []


def test_a_cache_of_one_is_let_through(database15: str) -> None:
    with visit(place(database15), "test", write=True) as session:
        refuse_probed(session, seen(NOT_ASKED), wish())
