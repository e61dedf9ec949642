"""Metrics of Kine v0.17.5, recorded in tests/data/hotspots/metrics.txt."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kinetune.http.metrics import parse_counters, read_query_names, scrape_metrics
from kinetune.http.read_text import hide_credentials
from kinetune.kine.counter_costs import compute_costs
from kinetune.model.failure import CouldNotLook

FOLDER = Path(__file__).parents[1] / "data" / "hotspots"
RECORDED = FOLDER / "metrics.txt"
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(FOLDER))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_counts_and_times_are_by_query_name() -> None:
    found = {entry.query: entry for entry in scrape_metrics(str(RECORDED)).entries}
    assert (found["InsertReturning"].calls, round(found["InsertReturning"].total_ms, 3)) == (52, 39.965)
    assert sum(bucket.count for bucket in found["InsertReturning"].buckets) == 52
    assert found["InsertReturning"].buckets[0].high_ms == 1.0
    assert found["InsertReturning"].buckets[-1].high_ms is None


def test_a_file_and_a_url_give_the_same_counters(address: str) -> None:
    assert scrape_metrics(f"{address}/metrics.txt").entries[0].calls == scrape_metrics(str(RECORDED)).entries[0].calls
    assert (
        read_query_names(f"{address}/metrics.txt")
        == read_query_names(str(RECORDED))
        >= {"InsertReturning", "AllCurrent"}
    )


def test_the_pool_and_the_start_time_are_read() -> None:
    found = scrape_metrics(str(RECORDED))
    assert found.gauges["go_sql_open_connections"] == 3
    assert found.places[0].began is not None


def test_errors_are_counted_and_their_time_with_the_others() -> None:
    text = """
kine_sql_time_seconds_sum{error_code="",name="CurrentRev"} 1
kine_sql_time_seconds_count{error_code="",name="CurrentRev"} 10
kine_sql_time_seconds_sum{error_code="57014",name="CurrentRev"} 5
kine_sql_time_seconds_count{error_code="57014",name="CurrentRev"} 1
kine_insert_errors_total{retriable="true"} 4
"""
    found = parse_counters(text, "here", NOW)
    (entry,) = found.entries
    assert (entry.calls, entry.total_ms, entry.errors) == (11, 6000.0, 1)
    assert found.gauges == {'kine_insert_errors_total{retriable="true"}': 4.0}


def test_up_to_v0_15_all_queries_are_one_entry() -> None:
    text = 'kine_sql_time_seconds_sum{error_code=""} 1\nkine_sql_time_seconds_count{error_code=""} 10\n'
    (cost,) = compute_costs(parse_counters(text, "here", NOW)).costs
    assert (cost.query, cost.count, cost.mean) == ("", 10, 100.0)


def test_metrics_of_another_program_are_refused(address: str, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("up 1\n")
    with pytest.raises(CouldNotLook, match="no metrics of Kine at"):
        scrape_metrics(str(tmp_path / "other.txt"))
    with pytest.raises(CouldNotLook, match=r"cannot read .*/nowhere\.txt: No such file or directory; name a file "):
        scrape_metrics(str(tmp_path / "nowhere.txt"))
    with pytest.raises(CouldNotLook, match=r"cannot read .*/nowhere\.txt: File not found"):
        read_query_names(f"{address}/nowhere.txt")


def test_a_password_in_the_url_is_not_shown() -> None:
    assert hide_credentials("http://me:secret@kine:8080/metrics?token=secret") == "http://kine:8080/metrics"
    with pytest.raises(CouldNotLook) as failed:
        scrape_metrics("http://me:secret@127.0.0.1:1/metrics")
    assert "secret" not in str(failed.value)
