"""Ranges of releases in words."""

from __future__ import annotations

import pytest

from kinetune.kine.releases import ERAS, NEWEST_RELEASE, format_releases


@pytest.mark.parametrize(
    ("eras", "text"),
    [
        ([], ""),
        (["v0.9.0"], "v0.9.0 – v0.11.3"),
        (["E08"], "v0.11.4"),
        (["v0.9.0", "v0.11.4", "v0.11.5"], "v0.9.0 – v0.11.8"),
        (["v0.9.0", "v0.11.5"], "v0.9.0 – v0.11.3, v0.11.5 – v0.11.8"),
        (["v0.17.3"], "v0.16.6, v0.17.3 – v0.17.5"),
        (["E18", "E19", "E20"], "v0.16.3 – v0.17.5"),
    ],
)
def test_neighbouring_eras_are_one_range(eras: list[str], text: str) -> None:
    assert format_releases(eras) == text


def test_all_eras_are_one_range() -> None:
    newest = ".".join(map(str, NEWEST_RELEASE))
    assert format_releases(era.name for era in ERAS) == f"v0.5.1 – v{newest}"
