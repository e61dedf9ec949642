"""auto_explain in a server log: `duration: 12.3 ms  plan:`, then `Query Text: …` and the plan, as text or JSON."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_PARAMETERS = re.compile(rb"\n?[ \t]*Query Parameters: [^\n]*|,?\s*\"Query Parameters\": \"(?:[^\"\\]|\\.)*\"")
_VALUE = re.compile(rb"'\\{1,4}x[0-9a-fA-F]*+'?")
_QUERY = re.compile(
    rb"Query Text: (.*?)(?=\n\t?(?:Query Parameters: |[A-Z][^\n]*\(cost=|[A-Z][^\n]*\(actual)|\Z)", re.DOTALL
)


class Explained(NamedTuple):
    """
    The statement, its parameters as the log prints them, and the plan without them: parameters are values. So is bytea
    written into a statement or, with log_verbose, into the output of a node.
    """

    sql: bytes
    parameters: bytes
    plan: str


def explained(message: bytes) -> Explained | None:
    """What follows `plan:`; None where it has no query text."""
    body = message.replace(b"\n\t", b"\n").strip()
    parameters = b"".join(_PARAMETERS.findall(body))[:2000]
    plan = _VALUE.sub(b"'...'", _PARAMETERS.sub(b"", body))
    sql = _json_query(plan) if body.startswith(b"{") else _text_query(plan)
    return Explained(sql, parameters, plan.decode("utf-8", "replace")) if sql else None


def _text_query(plan: bytes) -> bytes:
    found = _QUERY.search(plan)
    return found[1].strip() if found else b""


def _json_query(plan: bytes) -> bytes:
    try:
        said = json.loads(plan)
    except ValueError:
        return b""
    text = said.get("Query Text") if isinstance(said, dict) else None
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""
