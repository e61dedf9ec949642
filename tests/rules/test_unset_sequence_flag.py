from __future__ import annotations

from kinetune.model.facts import SequenceProbe
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unset_sequence_flag import unset_sequence_flag
from tests.rules.made import cluster, healthy, node, run_one, skip_one, yugabytedb

UNSEEN = Unknown("no answer")


def test_a_flag_of_one_on_every_node_is_fine() -> None:
    assert not run_one(unset_sequence_flag, yugabytedb())


def test_postgresql_has_no_such_flag() -> None:
    assert not run_one(unset_sequence_flag, healthy())


def test_one_node_with_the_default_is_an_error_that_names_it() -> None:
    seen = cluster(node(1), node(2, flags={"ysql_sequence_cache_minval": "100"}), node(3))
    (finding,) = run_one(unset_sequence_flag, yugabytedb(cluster=seen))
    assert (finding.severity, finding.on) == (Severity.ERROR, "ysql_sequence_cache_minval")
    assert finding.says.startswith("is 100 on 10.0.0.2:5433: a sequence that is created or altered there caches ids")
    assert finding.do == "restart every tserver with --ysql_sequence_cache_minval=1"


def test_the_probe_goes_before_what_http_tells() -> None:
    """varz may show a flag that set_flag changed and the SQL processes never got."""
    caches = {f"10.0.0.{number}:5433": 100 for number in (1, 2, 3)}
    (finding,) = run_one(unset_sequence_flag, yugabytedb(probe=SequenceProbe((), 100, caches)))
    assert "10.0.0.1:5433, 10.0.0.2:5433, 10.0.0.3:5433" in finding.says


def test_a_node_whose_flag_was_not_seen_is_never_green() -> None:
    seen = cluster(node(1), node(2, flags=UNSEEN), node(3, flags={}))
    reason = skip_one(unset_sequence_flag, yugabytedb(cluster=seen)).reason
    assert "ysql_sequence_cache_minval of 10.0.0.2:5433, 10.0.0.3:5433 is unknown" in reason


def test_without_nodes_and_probe_nothing_is_known() -> None:
    reason = skip_one(unset_sequence_flag, yugabytedb(cluster=UNSEEN, probe=UNSEEN)).reason
    assert "any node is unknown" in reason
