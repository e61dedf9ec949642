"""The sequence cache on YugabyteDB: reported in the plan, and refused where it is above 1."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from kinetune.commands.init import InitChange, InitOptions
from kinetune.database.session import open_session
from kinetune.kine.releases import EraInUse, newest_era
from kinetune.model.cluster import Cluster
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.model.unknown import NOT_REQUESTED, Unknown
from kinetune.reports.formats import write_report
from kinetune.tuning.change_plans import InitPlan
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from kinetune.views.init import build_plan_report
from tests.database.stores import ask, place
from tests.rules.made import cluster, node, yugabytedb

NEWEST = EraInUse(newest_era(), "set by the test")
HIGH = {"ysql_sequence_cache_minval": "100"}


def page(shown: InitPlan) -> str:
    stream = io.StringIO()
    write_report(build_plan_report(shown), "markdown", stream)
    return stream.getvalue()


def plan(nodes: Cluster | Unknown) -> InitPlan:
    """An empty database on those nodes."""
    facts: Facts = replace(yugabytedb(), table=None, probe=NOT_REQUESTED, cluster=nodes)
    return InitPlan(Endpoint(), facts, NEWEST, plan_changes(facts, build_target("tuned", facts.server, newest_era())))


def change(nodes: Cluster | Unknown, *allow: str) -> InitChange:
    return InitChange(plan(nodes), InitOptions("tuned", NEWEST, frozenset(allow)))


def test_a_node_with_the_default_is_refused_by_name_before_the_question() -> None:
    with pytest.raises(Refused) as refused:
        change(cluster(node(1), node(2, flags=HIGH), node(3))).check_allowed()
    assert str(refused.value).startswith(
        "nothing was changed: ids would be cached 100 at a time (10.0.0.2:5433); restart every tserver with "
        "--ysql_sequence_cache_minval=1, or add --allow SEQUENCE_CACHE"
    )
    change(cluster(node(1), node(2, flags=HIGH), node(3)), "SEQUENCE_CACHE").check_allowed()


def test_a_flag_of_one_everywhere_is_allowed() -> None:
    change(cluster()).check_allowed()
    assert not plan(cluster()).script.hazards


def test_the_plan_has_the_lines_for_every_way_of_starting_a_tserver() -> None:
    text = page(plan(cluster(node(1), node(2, flags=HIGH))))
    assert "ysql_sequence_cache_minval is 1 on 10.0.0.1:5433, 100 on 10.0.0.2:5433." in " ".join(text.split())
    for line in (
        "yugabyted start --tserver_flags",
        "--set gflags.tserver.ysql_sequence_cache_minval=1",
        "yb-tserver --",
    ):
        assert line in text
    assert "could not be read from every node" in " ".join(page(plan(NOT_REQUESTED)).split())
    assert "Sequence cache" not in page(plan(cluster()))


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


def test_where_http_gave_no_flag_a_temporary_sequence_shows_it_and_nothing_is_left(caching: str) -> None:
    with open_session(place(caching), "test", write=True) as session:
        with pytest.raises(Refused, match="nothing was changed: ids would be cached 100 at a time"):
            change(NOT_REQUESTED).check_session(session)
        change(NOT_REQUESTED, "SEQUENCE_CACHE").check_session(session)
        with pytest.raises(Refused):  # HTTP may report a flag that the SQL processes were not restarted with
            change(cluster()).check_session(session)
    assert ask(caching, "SELECT relname FROM pg_class WHERE relkind = 'S'") == []


def test_a_cache_of_one_is_let_through(database15: str) -> None:
    with open_session(place(database15), "test", write=True) as session:
        change(NOT_REQUESTED).check_session(session)
