"""auto_explain in a server log: `duration: 12.3 ms  plan:`, then `Query Text: …` and the plan, as text or JSON."""

from __future__ import annotations

import re
from typing import NamedTuple

from kinetune.logs.envelopes import parse_json

_PARAMETERS = re.compile(rb"\n?[ \t]*Query Parameters: [^\n]*|,?\s*\"Query Parameters\": \"(?:[^\"\\]|\\.)*\"")
# bytea as PostgreSQL prints it: '\x6b38…', with more backslashes where the log format escapes them.
_BYTEA = re.compile(rb"'\\{1,4}x[0-9a-fA-F]*+'?")
# The query may have several lines: it ends at the parameters or at the first node of the plan.
_QUERY = re.compile(
    rb"Query Text: (.*?)(?=\n\t?(?:Query Parameters: |[A-Z][^\n]*\(cost=|[A-Z][^\n]*\(actual)|\Z)", re.DOTALL
)
_MAX_PARAMETERS = 2000
"""Enough to find the key, which comes before the value of an object."""


class AutoExplainEntry(NamedTuple):
    """
    The statement, its parameters as the log prints them, and the plan without values.

    The values of Kubernetes objects may be Secrets. They are in the parameters, in a statement with inlined values, and
    with auto_explain.log_verbose in the output list of a node, so all bytea is removed from statement and plan.
    """

    sql: bytes
    parameters: bytes
    plan: str


def parse_auto_explain(message: bytes) -> AutoExplainEntry | None:
    """The entry of the text after `plan:`; None if it has no query text."""
    body = message.replace(b"\n\t", b"\n").strip()
    parameters = b"".join(_PARAMETERS.findall(body))[:_MAX_PARAMETERS]
    plan = _BYTEA.sub(b"'...'", _PARAMETERS.sub(b"", body))
    sql = _find_json_query(plan) if body.startswith(b"{") else _find_text_query(plan)
    return AutoExplainEntry(sql, parameters, plan.decode("utf-8", "replace")) if sql else None


def _find_text_query(plan: bytes) -> bytes:
    found = _QUERY.search(plan)
    return found[1].strip() if found else b""


def _find_json_query(plan: bytes) -> bytes:
    document = parse_json(plan)
    text = document.get("Query Text") if isinstance(document, dict) else None
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""
