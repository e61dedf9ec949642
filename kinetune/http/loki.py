"""
Log lines from Grafana Loki, page by page, through /loki/api/v1/query_range.

Source: grafana.com/docs/loki/latest/reference/loki-http-api (query_range, limits_config) and logcli, whose variables
for credentials are used. No real Loki was available: the tests use recorded forms of its answers.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode, urlsplit

from kinetune.http.read_text import MAX_BYTES, hide_credentials
from kinetune.model.failure import CouldNotLook, UsageFailure

PAGE_LINES = 5000
"""The default of max_entries_limit_per_query; a server with a smaller one names it in its answer."""
TIMEOUT_S = 60.0
RETRY_PAUSES_S = (1.0, 4.0)
_BUSY = frozenset((429, 500, 502, 503, 504))
_PATH = "/loki/api/v1/query_range"
_SERVER_LIMIT = re.compile(r"max entries limit.*?\(\d+ > (\d+)\)", re.DOTALL)
_ERROR_CHARACTERS = 200
_ADDRESS = "use the address of Loki or of its gateway, such as http://loki:3100, without /loki/api"
_LOGIN = "set LOKI_USERNAME and LOKI_PASSWORD, or LOKI_BEARER_TOKEN; with several tenants also LOKI_ORG_ID"


@dataclass(frozen=True)
class LokiQuery:
    """`begin` and `end` are seconds since 1970 UTC; `query` is LogQL that selects lines. `url` may have a login."""

    url: str
    query: str
    begin: float
    end: float


class LokiEntry(NamedTuple):
    """A line, its time in nanoseconds since 1970 UTC, and its stream, which distinguishes equal lines of two pods."""

    at: int
    stream: str
    line: str


class _TooLarge(Exception):
    """A page is larger than MAX_BYTES."""


class _RefusedLimit(Exception):
    """The server allows only so many lines a page."""

    def __init__(self, lines: int) -> None:
        super().__init__(lines)
        self.lines = lines


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the credentials to the other host too."""

    def redirect_request(self, *_: Any) -> None:
        return None


def make_headers(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The login of the URL, else logcli's variables: LOKI_USERNAME, LOKI_PASSWORD, LOKI_BEARER_TOKEN, LOKI_ORG_ID."""
    headers = {"Accept": "application/json"}
    login = unquote(urlsplit(url).netloc.rpartition("@")[0])
    user, password = environ.get("LOKI_USERNAME", ""), environ.get("LOKI_PASSWORD", "")
    login = login or (f"{user}:{password}" if user else "")
    if login:
        headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
    elif token := environ.get("LOKI_BEARER_TOKEN", "").strip():
        headers["Authorization"] = f"Bearer {token}"
    if tenant := environ.get("LOKI_ORG_ID", "").strip():
        headers["X-Scope-OrgID"] = tenant
    if any(not value.isprintable() or not value.isascii() for value in headers.values()):
        raise UsageFailure("LOKI_BEARER_TOKEN or LOKI_ORG_ID contains a character that HTTP does not allow", _LOGIN)
    return headers


def read_loki(query: LokiQuery, environ: Mapping[str, str]) -> Iterator[bytes]:
    """
    The lines in the order of time, as `{"timestamp": …, "line": …}`, one block for each page.

    CouldNotLook if Loki does not answer, and UsageFailure if the query does not select lines.
    """
    reader = LokiReader(query, make_headers(query.url, environ))
    for page in reader.read_pages():
        yield b"".join(map(_write_entry, page))


def _write_entry(entry: LokiEntry) -> bytes:
    seconds, rest = divmod(entry.at, 1_000_000_000)
    stamp = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
    return json.dumps({"timestamp": stamp, "line": entry.line}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


@dataclass
class LokiReader:
    """Requests pages of one query. `limit` is the number of lines a page, and decreases if the server refuses it."""

    query: LokiQuery
    headers: Mapping[str, str]
    limit: int = PAGE_LINES
    _opener: urllib.request.OpenerDirector = field(default_factory=lambda: urllib.request.build_opener(_NoRedirect()))

    def read_pages(self) -> Iterator[list[LokiEntry]]:
        """
        The entries once, oldest first. A page begins at the time of the last entry before it, because the next entry
        may have the same time; entries that were read already are left out.
        """
        start, end = int(self.query.begin * 1e9), int(self.query.end * 1e9)
        seen: set[LokiEntry] = set()
        while start < end:
            page, limit = self._read_page(start, end)
            new = [entry for entry in page if entry not in seen]
            if new:
                yield new
            if len(page) < limit:
                return
            last = max(entry.at for entry in page)
            if last <= start and not new:
                raise CouldNotLook(
                    f"cannot read all lines of {self._place}: more than {limit:,} lines have the same time",
                    "narrow --loki-query, for example to one pod",
                )
            seen = {entry for entry in (seen | set(page) if last == start else page) if entry.at == last}
            start = last

    @property
    def _place(self) -> str:
        return hide_credentials(self.query.url)

    def _read_page(self, start: int, end: int) -> tuple[list[LokiEntry], int]:
        """The entries of a page and the limit that it was requested with."""
        while True:
            try:
                return _parse_page(self._request(start, end), self._place), self.limit
            except _RefusedLimit as refused:
                if not 0 < refused.lines < self.limit:
                    raise CouldNotLook(f"{self._place} refuses {self.limit:,} lines a page", _ADDRESS) from None
                self.limit = refused.lines
            except _TooLarge:
                if self.limit == 1:
                    raise CouldNotLook(
                        f"a line of {self._place} is larger than {MAX_BYTES // 2**20} MiB", "exclude it in --loki-query"
                    ) from None
                self.limit = max(self.limit // 4, 1)

    def _request(self, start: int, end: int) -> bytes:
        parts = urlsplit(self.query.url)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")
        parameters = {"query": self.query.query, "start": start, "end": end, "limit": self.limit}
        address = f"{bare.removesuffix(_PATH)}{_PATH}?{urlencode({**parameters, 'direction': 'forward'})}"
        for pause in (*RETRY_PAUSES_S, None):
            try:
                with self._opener.open(
                    urllib.request.Request(address, headers=dict(self.headers)), timeout=TIMEOUT_S
                ) as answer:
                    content: bytes = answer.read(MAX_BYTES + 1)
            except HTTPError as error:
                with error:
                    if error.code not in _BUSY or pause is None:
                        raise self._explain_error(error) from None
                time.sleep(pause)
            except (OSError, ValueError, HTTPException) as error:
                cause = getattr(error, "reason", None) or str(error) or type(error).__name__
                raise CouldNotLook(f"cannot read {self._place}: {cause}", _ADDRESS) from None
            else:
                if len(content) > MAX_BYTES:
                    raise _TooLarge
                return content
        raise AssertionError("the last attempt returns or raises")

    def _explain_error(self, error: HTTPError) -> Exception:
        """Loki answers with a plain sentence. It is shown, but not of a page that a proxy wrote."""
        try:
            text = error.read(4096).decode("utf-8", "replace")
        except (OSError, HTTPException):
            text = ""
        if found := _SERVER_LIMIT.search(text):
            return _RefusedLimit(int(found[1]))
        reason = "" if "<" in text[:50] else " ".join(text.split())[:_ERROR_CHARACTERS]
        cause = f"{self._place} answered HTTP {error.code}: {reason or error.reason or 'no reason'}"
        if error.code in (401, 403):
            return CouldNotLook(cause, _LOGIN)
        if error.code == 400:
            # The query is wrong, or its time range is longer than the server allows.
            return CouldNotLook(cause, "correct --loki-query, or shorten the time with --from and --to")
        return CouldNotLook(cause, _ADDRESS)


def _parse_page(content: bytes, place: str) -> list[LokiEntry]:
    """The entries of all streams of an answer, in the order of time."""
    try:
        data = json.loads(content)["data"]
        kind, streams = data["resultType"], data["result"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CouldNotLook(f"{place} is not Loki: the answer is not one of query_range", _ADDRESS) from None
    if kind != "streams":
        raise UsageFailure(
            f"--loki-query computes a {kind} and selects no lines",
            """write a selector such as '{namespace="kube-system"}'""",
        )
    try:
        named = [(json.dumps(stream.get("stream", {}), sort_keys=True), stream["values"]) for stream in streams]
        entries = [LokiEntry(int(value[0]), name, str(value[1])) for name, values in named for value in values]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise CouldNotLook(f"{place} is not Loki: the answer is not one of query_range", _ADDRESS) from None
    entries.sort(key=lambda entry: entry.at)
    return entries
