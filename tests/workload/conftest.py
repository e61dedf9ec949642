"""A filled store is tried with the real Kine too."""

from __future__ import annotations

from tests.kine.conftest import built

__all__ = ["built"]
