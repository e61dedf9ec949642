"""What our sessions are told while somebody changes the catalog."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from kinetune.database.session import open_session
from tests.cli.call import call
from tests.database.stores import place
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.stores import fill

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]


@contextlib.contextmanager
def altered(dsn: str) -> Iterator[None]:
    """A setting of that database changes, over and over."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    over = threading.Event()

    def alter() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for number in range(1_000_000):
                with contextlib.suppress(psycopg.Error):
                    connection.execute(f"ALTER DATABASE {name} SET yb_bnl_batch_size = {1 + number % 2}".encode())
                if over.is_set():
                    return

    thread = threading.Thread(target=alter)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_change_of_the_catalog_empties_no_answer(yb: Yb, empty: str) -> None:
    """
    Sent by the simple protocol, one such question in about 200 is answered without a row, and without an error
    (docs/facts/measured.md §12).
    """
    assert yb.init(empty).status == 0
    fill(empty, 500)
    answers = []
    with altered(empty):
        for _ in range(80):
            with open_session(place(empty), "test") as session:
                answers += [session.query_file("last_id") for _ in range(4)]  # psycopg itself prepares the fifth
    assert {tuple(row["max_id"] for row in rows) for rows in answers} == {(500,)}


def test_hotspots_names_a_host_of_the_endpoint_that_is_no_live_node(yb: Yb, empty: str) -> None:
    """yb_servers() omits a dead node: only the endpoint may name it, and its statistics are missing."""
    host, port = place(empty).hosts[0]
    both = empty.replace(f"{host}:{port}", f"{host}:{port},127.0.77.77:{port}")
    words = "127.0.77.77 of the endpoint is not in yb_servers(): if it is a node, it is down and its data is missing"
    assert call("hotspots", "--endpoint", both, COLUMNS="1000").out.count(words) == 1
    assert "of the endpoint is not in" not in call("hotspots", "--endpoint", empty, COLUMNS="1000").out
