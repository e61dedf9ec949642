"""EXPLAIN's output as people paste it, text or JSON: in psql's frame, a code fence, a quoted mail, a server log."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kinetune.plans.json_form import plan_document
from kinetune.plans.text_form import is_node_line, read_text_plan

# Lines that are no part of the plan: rules of a table, its title, the number of rows, fences, records of psql's \x.
FRAME = re.compile(
    r"[\s+|=│┌┐└┘├┤┬┴┼─-]+|\s*+[|│]?\s*+QUERY PLAN\s*+[|│]?\s*|\s*+\(\d+ rows?\)\s*|\s*+(```|~~~).*|-\[ RECORD \d+ \].*"
)
# With \x psql repeats the title in each line.
EXPANDED = re.compile(r"^QUERY PLAN\s+[|│] ")
BOXED = re.compile(r"\s*[|│](?P<line>.*)[|│]\s*")
# pgAdmin copies each line in quotes; syslog numbers the lines of a message; psql begins lines with a prompt.
IN_QUOTES = re.compile(r'\s*"(?P<line>.*)"[;,]?\s*')
SYSLOG = re.compile(r"^\s*\[\d+-\d+\] ?(?=\s|[A-Z])")
PROMPT = re.compile(r"^[\w@.-]*[=\-('\"*!][#>]\s?", re.MULTILINE)
QUERY_TEXT = re.compile(r"Query Text: (?P<sql>.*?)(?=\n\s*Query Parameters: |\Z)", re.DOTALL)
# The value of an object: it must not get into a report.
BYTEA = re.compile(r"'\\{1,4}x[0-9a-fA-F]*'?")
STATEMENT = re.compile(
    r"^[^\w\n]*(?:EXPLAIN\s*(?:\([^)]*\)|(?:ANALY[ZS]E|VERBOSE)\b|\s)*|PREPARE \w+\s*(?:\([^)]*\))?\s*AS\s+)?"
    r"(?P<sql>(?:SELECT|WITH|INSERT\s+INTO|UPDATE|DELETE\s+FROM)\b(?!\s+on\b).*)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class PastedPlan:
    """A plan in EXPLAIN's JSON form, and its statement, empty where the text does not contain it."""

    document: object
    statement: str = ""


def read_pasted_plans(text: str) -> tuple[PastedPlan, ...]:
    """All plans of a text, in their order; empty where there is none. ValueError where one is truncated."""
    lines = [line for line in _unframed_lines(BYTEA.sub("'...'", text)) if not FRAME.fullmatch(line)]
    bare = "\n".join(lines)
    # A cell that was copied out of a table has its quotes doubled.
    in_json = tuple(_json_plans(bare)) or tuple(_json_plans(bare.replace('""', '"')))
    if not in_json and '"Node Type"' in bare:
        raise ValueError("the JSON is incomplete")
    return in_json or tuple(_text_plans(lines))


def _unframed_lines(text: str) -> Iterator[str]:
    """Lines without what mail, the web, a table's frame and syslog put around them. The indentation stays."""
    plain = html.unescape(text) if "&gt;" in text else text
    lines = plain.removeprefix("\ufeff").replace("\u00a0", " ").replace("#011", "\t").expandtabs().splitlines()
    # Every line, or it is not a quotation: an arrow of the plan may begin a line as well.
    if all(line.startswith(">") for line in lines if line.strip()):
        lines = [line[1:] for line in lines]
    for line in lines:
        inner = boxed["line"] if (boxed := BOXED.fullmatch(line)) else EXPANDED.sub("", line)
        # psql marks the end of each line but the last of a cell: JSON is one cell.
        yield SYSLOG.sub("", inner).rstrip().removesuffix("+").removesuffix("↵").rstrip()


def _json_plans(text: str) -> Iterator[PastedPlan]:
    """The plans of every JSON value that begins a line; auto_explain has the statement inside."""
    decoder, position = json.JSONDecoder(), 0
    # Log prefixes such as [123] are JSON too: a value without a plan is skipped, not an error.
    for found in re.finditer(r"^[\s\"]*(?=[\[{])", text, re.MULTILINE):
        if found.end() < position:
            continue
        try:
            value, position = decoder.raw_decode(text, found.end())
        except ValueError:
            continue
        before = text[: found.start()]
        for document in _find_documents(value):
            statement = document.get("Query Text")
            yield PastedPlan(document, statement if isinstance(statement, str) else _find_statement(before))


def _find_documents(value: object) -> Iterator[dict[str, object]]:
    """Every answer of EXPLAIN (FORMAT JSON) in a value; drivers wrap it in rows."""
    if isinstance(value, dict) and isinstance(value.get("Plan"), dict):
        yield value
        return
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _find_documents(part)


def _text_plans(lines: list[str]) -> Iterator[PastedPlan]:
    """A line that is a node and has no arrow begins a plan; what is before it may be its statement."""
    # Only here, not for JSON, whose lines may begin and end with quotation marks of their own.
    bare = [quoted["line"].replace('""', '"') if (quoted := IN_QUOTES.fullmatch(line)) else line for line in lines]
    roots = [at for at, line in enumerate(bare) if not line.lstrip().startswith("->") and is_node_line(line)]
    start = 0
    for root, end in pairwise([*roots, len(bare)]):
        document = plan_document(read_text_plan("\n".join(bare[root:end])))
        yield PastedPlan(document, _find_statement("\n".join(bare[start:root])))
        # The statement of the next plan is between the two roots.
        start = root + 1


def _find_statement(text: str) -> str:
    """auto_explain's Query Text, else the last statement under EXPLAIN or PREPARE; empty where there is none."""
    unprompted = PROMPT.sub("", text)
    if found := QUERY_TEXT.search(unprompted):
        return found["sql"].strip()
    # EXPLAIN EXECUTE names no query: then it is that of the PREPARE before.
    parts = (STATEMENT.search(part) for part in reversed(re.split(r";\s*(?:\n|$)", unprompted)))
    return next((found["sql"].strip() for found in parts if found), "")
