"""`kinetune demo`: the main job, from nothing, on this machine alone."""

from __future__ import annotations


def demo() -> None:
    """Make a busy store on an embedded PostgreSQL, explain it, tune it, explain it again, and compare."""
