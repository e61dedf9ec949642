"""Kine's /metrics, from an address or a file: Prometheus text."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

from kinetune.model.failure import CouldNotLook

SECONDS = 5.0
LARGEST = 16 * 2**20
_NAME = re.compile(r'^kine_sql_\w+\{[^}]*\bname="([A-Za-z]+)"', re.MULTILINE)


def query_names(place: str) -> frozenset[str]:
    """
    Kine's own names of the queries it has sent (label `name`, from v0.16.0). Empty where there are none.

    Raises CouldNotLook where the place cannot be read or has no metric of Kine's.
    """
    text = _read(place)
    if "kine_sql_" not in text:
        raise CouldNotLook(
            f"{place} has no metrics of Kine's", "give Kine's --metrics-bind-address, as http://host:8080/metrics"
        )
    return frozenset(_NAME.findall(text))


def _read(place: str) -> str:
    try:
        if place.startswith(("http://", "https://")):
            with urllib.request.urlopen(place, timeout=SECONDS) as answer:
                return str(answer.read(LARGEST).decode("utf-8", "replace"))
        return Path(place).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise CouldNotLook(
            f"cannot read {place}: {cause}", "is Kine's --metrics-bind-address reachable from here?"
        ) from None
