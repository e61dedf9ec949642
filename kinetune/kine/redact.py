"""Keys may say more than their owner wants told: what follows the resource is hidden, the same key in the same way."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from kinetune.kine.keyspace import resource_prefix

_KEY = re.compile(r"/[a-z][^\s'\",()%^]*/[^\s'\",()%]*")


def redacted(data: Any) -> Any:
    """The same data with every key in its texts cut to its resource and a mark: /registry/secrets/…1f3a5b7c."""
    if isinstance(data, str):
        return _KEY.sub(lambda found: _hidden(found[0]), data)
    if isinstance(data, dict):
        return {key: redacted(value) for key, value in data.items()}
    if isinstance(data, list):
        return [redacted(item) for item in data]
    return data


def _hidden(key: str) -> str:
    prefix = resource_prefix(key)
    rest = key.removeprefix(prefix)
    return f"{prefix}…{hashlib.sha256(rest.encode()).hexdigest()[:8]}" if rest else key
