"""Names as Kubernetes makes them, each a function of a number: no name is kept, and none comes twice."""

from __future__ import annotations

from collections.abc import Mapping

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
"""The alphabet of generated names (k8s.io/apimachinery/pkg/util/rand): no vowels, no digits that look like them."""
TEAMS = ("payments", "search", "checkout", "billing", "identity", "media", "orders", "reports", "mail", "stock")
PARTS = ("api", "web", "worker", "cache", "proxy", "sync", "jobs", "feed", "store", "agent", "gateway", "index", "auth")
STEP = 7919
"""Coprime to 27 and odd: multiplying by it gives each number below 27^5 another one, in no visible order."""


def words(number: int, copies: int, namespaces: int) -> Mapping[str, str]:
    """
    The words of resources.py for the object of that number (from 0).

    `five`, `hex`, `node` and `ip` are the object's own; `ns`, `app` and `hash` those of its owner, who has `copies`.
    """
    owner = number // copies
    return {
        "ns": namespace(owner % namespaces),
        "app": f"{PARTS[owner % len(PARTS)]}-{owner}",
        "hash": _letters(owner * STEP + 104729, 10),
        "five": _letters(number * STEP, 5),
        "hex": f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "node": f"node-{number:04d}",
        "ip": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
    }


def namespace(number: int) -> str:
    """kube-system and default first, then one a team and stage."""
    if number < 2:
        return ("kube-system", "default")[number]
    return f"{TEAMS[number % len(TEAMS)]}-{number // len(TEAMS)}"


def _letters(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(SUFFIX))
        letters.append(SUFFIX[at])
    return "".join(letters)
