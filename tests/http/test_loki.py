"""Pages of a Loki: a local HTTP server answers as Loki's query_range does. No real Loki was available."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from kinetune.http import loki
from kinetune.http.loki import LokiQuery, make_headers, read_loki
from kinetune.model.failure import CouldNotLook, UsageFailure
from tests.http.fake_loki import FakeLoki, serve_loki

SELECTOR = '{namespace="kube-system"}'
SECOND = 1_000_000_000


@pytest.fixture
def fake() -> Iterator[FakeLoki]:
    with serve_loki() as served:
        yield served


def read_lines(fake: FakeLoki, environ: dict[str, str] | None = None, url: str = "") -> list[Any]:
    query = LokiQuery(url or fake.address, SELECTOR, 0.0, 1000.0)
    return [json.loads(line) for block in read_loki(query, environ or {}) for line in block.splitlines()]


def test_lines_of_all_streams_come_in_the_order_of_time(fake: FakeLoki) -> None:
    fake.entries = [(3 * SECOND + 5, "a", "third"), (1 * SECOND, "b", 'first "x"\ty'), (2 * SECOND, "a", "second")]
    assert read_lines(fake) == [
        {"timestamp": "1970-01-01T00:00:01.000000000Z", "line": 'first "x"\ty'},
        {"timestamp": "1970-01-01T00:00:02.000000000Z", "line": "second"},
        {"timestamp": "1970-01-01T00:00:03.000000005Z", "line": "third"},
    ]
    assert fake.requests[0][0] == {
        "query": SELECTOR,
        "start": "0",
        "end": str(1000 * SECOND),
        "limit": "5000",
        "direction": "forward",
    }


@pytest.mark.parametrize("limit", [3, 4, 5, 7, 100])
def test_every_line_is_read_once_whatever_the_size_of_a_page(fake: FakeLoki, limit: int) -> None:
    """Two pods write at the same times, so that pages end between equal times; the server names its limit."""
    fake.limit = limit
    fake.entries = [(n // 2 * SECOND, "ab"[n % 2], f"line {n // 2}") for n in range(2, 52)]
    found = read_lines(fake)
    assert sorted(one["line"] for one in found) == sorted(line for _, _, line in fake.entries)
    assert [one["timestamp"] for one in found] == sorted(one["timestamp"] for one in found)
    assert fake.requests[-1][0]["limit"] == str(min(limit, 5000))


def test_more_lines_of_one_moment_than_a_page_has_are_an_error(fake: FakeLoki) -> None:
    """They cannot be read completely, and the reader must not ask for the same page without end."""
    fake.limit = 3
    fake.entries = [(SECOND, f"pod-{n}", "same time") for n in range(9)]
    with pytest.raises(CouldNotLook, match="more than 3 lines have the same time; narrow --loki-query"):
        read_lines(fake)


def test_a_page_that_is_too_large_is_asked_for_in_parts(fake: FakeLoki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loki, "MAX_BYTES", 4000)
    fake.entries = [(n * SECOND, "a", f"{n} " + "x" * 300) for n in range(1, 60)]
    assert len(read_lines(fake)) == 59
    fake.entries = [(SECOND, "a", "x" * 5000)]
    with pytest.raises(CouldNotLook, match=r"a line of .* is larger than"):
        read_lines(fake)


def test_credentials_are_logclis_variables(fake: FakeLoki) -> None:
    environ = {"LOKI_USERNAME": "me", "LOKI_PASSWORD": "hunter2:x", "LOKI_ORG_ID": "team-a"}
    read_lines(fake, environ)
    headers = fake.requests[-1][1]
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == "me:hunter2:x"
    assert headers["x-scope-orgid"] == "team-a"
    read_lines(fake, {"LOKI_BEARER_TOKEN": "glsa_1"})
    assert fake.requests[-1][1]["authorization"] == "Bearer glsa_1"
    read_lines(fake, {"LOKI_BEARER_TOKEN": "glsa_1"}, fake.address.replace("http://", "http://you:p%40ss@"))
    assert fake.requests[-1][1]["authorization"] == "Basic " + base64.b64encode(b"you:p@ss").decode()
    read_lines(fake)
    assert "authorization" not in fake.requests[-1][1]


def test_a_damaged_token_is_not_sent() -> None:
    with pytest.raises(UsageFailure, match="contains a character that HTTP does not allow") as failure:
        make_headers("http://loki", {"LOKI_BEARER_TOKEN": "hunter2\nX-Other: 1"})
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("path", ["", "/", "/loki/api/v1/query_range"])
def test_the_address_may_end_with_the_path_of_the_api(fake: FakeLoki, path: str) -> None:
    fake.entries = [(SECOND, "a", "one")]
    assert len(read_lines(fake, url=fake.address + path)) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, "no org id"), "answered HTTP 401: no org id; set LOKI_USERNAME and LOKI_PASSWORD"),
        (
            (400, "the query time range exceeds the limit (query length: 800h0m0s, limit: 30d1h)\n"),
            "(query length: 800h0m0s, limit: 30d1h); correct --loki-query, or shorten the time with --from and --to",
        ),
        ((404, "<html><body>nginx</body></html>"), "answered HTTP 404: Not Found; use the address of Loki"),
        ((302, ""), "answered HTTP 302: Found; use the address of Loki"),
        ((200, "<html>login</html>"), "is not Loki: the answer is not one of query_range"),
        ((200, '{"data": {"resultType": "streams", "result": [{"values": [[7]]}]}}'), "is not Loki"),
        ((200, "[" * 100_000), "is not Loki"),
    ],
)
def test_an_error_is_one_line_without_the_password(fake: FakeLoki, answer: tuple[int, str], words: str) -> None:
    fake.answers = [answer]
    with pytest.raises(CouldNotLook) as failure:
        read_lines(fake, url=fake.address.replace("http://", "http://me:hunter2@"))
    assert words in str(failure.value)
    assert "hunter2" not in str(failure.value)
    assert "\n" not in str(failure.value)
    assert len(fake.requests) == 1  # the credentials were sent to no other place


def test_a_busy_server_is_asked_again(fake: FakeLoki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loki, "RETRY_PAUSES_S", (0.01, 0.01))
    fake.entries = [(SECOND, "a", "one")]
    fake.answers = [(429, "too many outstanding requests"), (503, "")]
    assert len(read_lines(fake)) == 1
    fake.answers = [(429, "too many outstanding requests")] * 3
    with pytest.raises(CouldNotLook, match="answered HTTP 429: too many outstanding requests"):
        read_lines(fake)


def test_a_query_that_computes_numbers_is_refused(fake: FakeLoki) -> None:
    fake.answers = [(200, '{"data": {"resultType": "matrix", "result": []}}')]
    with pytest.raises(UsageFailure, match="--loki-query computes a matrix and selects no lines"):
        read_lines(fake)


def test_a_server_that_is_down_is_named() -> None:
    with pytest.raises(CouldNotLook, match=r"cannot read http://127\.0\.0\.1:1: .*refused"):
        list(read_loki(LokiQuery("http://127.0.0.1:1", SELECTOR, 0.0, 1.0), {}))
