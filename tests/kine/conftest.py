"""Real Kine processes as fixtures; a missing one skips with a reason on a laptop and fails in CI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import MissingServer
from tests.conftest import absent
from tests.kine.binary import kine


@pytest.fixture
def built() -> Callable[[str], Path]:
    """The program of a release, or no test."""

    def program(tag: str) -> Path:
        try:
            return kine(tag)
        except MissingServer as missing:
            absent(str(missing))
            raise

    return program
