"""Names like those of Kubernetes, each computed from a number: none has to be stored, and none occurs twice."""

from __future__ import annotations

from collections.abc import Mapping

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
"""The alphabet of generated names (k8s.io/apimachinery/pkg/util/rand): no vowels and no digits that look like them."""
TEAMS = ("payments", "search", "checkout", "billing", "identity", "media", "orders", "reports", "mail", "stock")
PARTS = ("api", "web", "worker", "cache", "proxy", "sync", "jobs", "feed", "store", "agent", "gateway", "index", "auth")
STEP = 7919
"""Coprime to 27, so multiplication modulo 27^5 maps different numbers to different suffixes, in no visible order."""


def name_parts(number: int, copies: int, namespaces: int) -> Mapping[str, str]:
    """
    Values for the key patterns of resources.py, for the object with this number (from 0).

    `five`, `hex`, `node` and `ip` are unique to the object; `ns`, `app` and `hash` are shared by the `copies` objects
    of one owner.
    """
    owner = number // copies
    return {
        "ns": namespace_name(owner % namespaces),
        "app": f"{PARTS[owner % len(PARTS)]}-{owner}",
        "hash": _letters(owner * STEP + 104729, 10),
        "five": _letters(number * STEP, 5),
        # Multiplication by an odd constant modulo 2^64 keeps different numbers different.
        "hex": f"{(number + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "node": f"node-{number:04d}",
        "ip": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
    }


def namespace_name(number: int) -> str:
    """kube-system and default first, then one per team and stage."""
    if number < 2:
        return ("kube-system", "default")[number]
    return f"{TEAMS[number % len(TEAMS)]}-{number // len(TEAMS)}"


def _letters(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(SUFFIX))
        letters.append(SUFFIX[at])
    return "".join(letters)
