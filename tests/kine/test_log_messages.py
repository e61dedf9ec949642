"""The table of Kine's messages agrees with the sources of the tags that are in Go's module cache."""

from __future__ import annotations

import re

import pytest

from kinetune.kine.log_messages import NOT_READ, READ, TABLE
from kinetune.kine.message_releases import find_releases, find_spans
from kinetune.kine.releases import parse_kine_version
from kinetune.kine.signal_kind import SignalKind
from kinetune.kine.signals import SIGNAL_KINDS
from tests.conftest import absent
from tests.kine.record_messages import MODULES, find_cached_tag, find_messages
from tests.logs.harness import scanned

UNREAD = (
    "error in compact %s: %v",
    "error in put %s: %v",
    "fail to convert rows changes: %v",
    "Failed to close database: %v",
    "Failed to convert rows to events: %v",
    "failed to convert to events: %v",
    "failed to delete current revision %d: %v",
    "failed to delete expired key: %v",
    "failed to delete revision %d: %v",
    "Failed to get current revision for ProgressNotify: %v",
    "failed to get current revision: %v",
    "failed to get revision %d: %v",
    "failed to list %s for revision %d",
    "Failed to list %s for revision %d: %v",
    "failed to read old events for ttl",
    "Failed to send cancel response for watchID %d: %v",
    "Failed to subscribe to broadcaster: %v",
    "Kine GPRC server exited: %v",
    "Kine GRPC server shutdown: %v",
    "Kine HTTP server shutdown: %v",
    "Kine listener shutdown: %v",
    "Kine server shutdown: %v",
    "Kine TLS server shutdown: %v",
    "Migration failed: %v",
    "Post-compact operations failed: %v",
    "TTL delete trigger failed for key=%v: %v, requeuing",
    "TTL event list failed: %v",
    "TTL event not found for key=%v",
    "WATCH Failed to send cancel response for server=%d, id=%d: %v",
    "WATCH Failed to send cancel response for watchID %d: %v",
    "WATCH Failed to send early cancel response for server=%d: %v",
)
ROWS = [line.split(" | ", 2) for line in TABLE.strip().splitlines()]


def contains(spans: str, tag: str) -> bool:
    """Whether a tag is in spans such as `v0.6.0–v0.16.4 v0.17.0`. Spans are of tags in the order of READ."""
    order = READ.split()
    for span in spans.split():
        first, _, last = span.partition("–")
        if order.index(first) <= order.index(tag) <= order.index(last or first):
            return True
    return False


def test_the_messages_of_cached_sources_are_in_the_table() -> None:
    cached = [(tag, folder) for tag in READ.split() if (folder := find_cached_tag(tag)) is not None]
    if not cached:
        absent("no source of Kine is in Go's module cache: python -m tests.kine.binary v0.17.5 loads one")
    for tag, folder in cached:
        found = set(find_messages(folder))
        listed = {(level, text) for level, spans, text in ROWS if contains(spans, tag)}
        assert found == listed, tag
        assert len(found) > 20


def test_tags_are_read_once_and_others_are_listed() -> None:
    tags = READ.split()
    assert tags == sorted(set(tags), key=parse_kine_version)
    assert not set(tags) & set(NOT_READ.split())
    assert list(MODULES.values())[-1].endswith(tags[-1])


@pytest.mark.parametrize("kind", SIGNAL_KINDS, ids=lambda kind: kind.kind)
def test_each_message_of_a_kind_is_one_of_kine(kind: SignalKind) -> None:
    for start in kind.messages:
        assert find_spans(start), start


def test_releases_of_messages_with_another_spelling() -> None:
    assert find_spans("failed to ping connection") == ("v0.3.2–v0.14.0",)
    assert find_spans("Failed to ping database connection") == ("v0.14.1–v0.17.5",)
    assert find_releases(("WATCH SEND EVENTS FOR PAST",)) == "Kine v0.16.5–v0.16.6, v0.17.1–v0.17.5"
    both = ("failed to ping connection", "Failed to ping database connection")
    assert find_spans(*both) == ("v0.3.2–v0.17.5",)
    assert find_releases(both) == find_releases(()) == ""
    assert find_releases(both[1:]) == "Kine v0.14.1–v0.17.5"


def test_each_error_message_is_a_signal_or_is_listed_here() -> None:
    """A message that a new release adds must be looked at. These quote an error, and only its SQLSTATE is a signal."""
    unread = set()
    for level, _, text in ROWS:
        line = f'time="2026-11-23T16:05:58Z" level={level} msg="{re.sub("%[a-z]", "x1", text)}"\n'
        if level in ("error", "fatal") and not scanned([line.encode()])[0]:
            unread.add(text)
    assert unread == set(UNREAD)
