"""One workload in every envelope of every collector gives the calls of the plain log."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.logs.options import GroupBy, LogOptions
from kinetune.model.hotspot import Signal
from tests.logs import emit, exports
from tests.logs.exports import Line
from tests.logs.harness import calls, scanned
from tests.logs.test_slow_sql import cases

FORMS = [(form, shape) for form in emit.FORMS for shape in (1, 2, 3, 4)]
DATA = Path(__file__).parent.parent / "data"
BY_KEY = LogOptions(by=GroupBy.KEY)


def split_records(text: str) -> list[str]:
    """The messages of a server's log, each with its further lines."""
    return re.split(r"\n(?!\t)", text.rstrip("\n"))


@st.composite
def workloads(draw: st.DrawFn) -> list[Line]:
    """Calls in one form, in the order of their ends."""
    form, shape = draw(st.sampled_from(FORMS))
    workload = draw(st.lists(cases(shape), min_size=1, max_size=5))
    workload.sort(key=lambda case: case.ended)
    return [Line(emit.FORMS[form](case, shape).decode().rstrip("\n"), case.ended) for case in workload]


def expect_plain_calls(lines: list[Line], data: bytes) -> None:
    plain = calls("".join(f"{line.text}\n" for line in lines).encode(), BY_KEY)
    assert len(plain) == len(lines)
    found = calls(data, BY_KEY)
    assert [call._replace(at=0) for call in found] == [call._replace(at=0) for call in plain]
    for call, other in zip(found, plain, strict=True):
        assert call.at == pytest.approx(other.at, abs=2e-6)


@pytest.mark.parametrize(("record", "layout"), list(itertools.product(exports.RECORDS, exports.LAYOUTS)))
@settings(max_examples=6, deadline=None)
@given(lines=workloads())
def test_json_of_every_collector_gives_equal_calls(record: str, layout: str, lines: list[Line]) -> None:
    expect_plain_calls(lines, exports.LAYOUTS[layout](exports.RECORDS[record], lines))


@pytest.mark.parametrize("document", exports.DOCUMENTS)
@settings(max_examples=20, deadline=None)
@given(lines=workloads())
def test_documents_give_equal_calls(document: str, lines: list[Line]) -> None:
    expect_plain_calls(lines, exports.DOCUMENTS[document](lines))


@pytest.mark.parametrize("prefix", exports.PREFIXES)
@settings(max_examples=20, deadline=None)
@given(lines=workloads())
def test_lines_within_lines_give_equal_calls(prefix: str, lines: list[Line]) -> None:
    expect_plain_calls(lines, "".join(exports.PREFIXES[prefix](line) + "\n" for line in lines).encode())


def read_signals(data: bytes) -> list[tuple[str, float, str]]:
    return [(event.kind, event.at, event.text) for event in scanned([data])[0] if isinstance(event, Signal)]


SIGNAL_LINES = [
    Line(
        f'time="2026-11-23T16:05:{second}Z" level={level} msg="{text}"',
        datetime(2026, 11, 23, 16, 5, second, tzinfo=UTC),
    )
    for second, level, text in (
        (10, "error", "error in txn: ERROR: duplicate key value violates unique constraint (SQLSTATE 23505)"),
        (20, "error", 'Compact failed: failed to record compact revision: ERROR: relation \\"kine\\" does not exist'),
        (30, "error", "Failed to list latest changes: ERROR: cached plan must not change result type (SQLSTATE 0A000)"),
    )
]
SIGNALS = read_signals("".join(f"{line.text}\n" for line in SIGNAL_LINES).encode())


def test_the_signals_of_the_plain_log_are_known() -> None:
    assert len({kind for kind, _, _ in SIGNALS}) == len(SIGNAL_LINES)


@pytest.mark.parametrize("layout", exports.LAYOUTS)
@pytest.mark.parametrize("record", exports.RECORDS)
def test_signals_in_json_are_those_of_the_plain_log(record: str, layout: str) -> None:
    assert read_signals(exports.LAYOUTS[layout](exports.RECORDS[record], SIGNAL_LINES)) == SIGNALS


@pytest.mark.parametrize("prefix", exports.PREFIXES)
def test_signals_in_lines_within_lines_are_those_of_the_plain_log(prefix: str) -> None:
    assert read_signals("".join(exports.PREFIXES[prefix](line) + "\n" for line in SIGNAL_LINES).encode()) == SIGNALS


# As Kine v0.17.5 stops at a port that is in use. Nothing but the level shows that it is an error.
FATAL_LINES = {
    "terminal": "\x1b[31mFATA\x1b[0m[2026-11-23T16:05:10.2Z] creating listener: listen tcp 127.0.0.1:2379: bind: address already in use",
    "json": '{"message":"creating listener: listen tcp 127.0.0.1:2379: bind: address already in use","severity":"fatal",'
    '"time":"2026-11-23T16:05:10.2Z"}',
}


@pytest.mark.parametrize("form", FATAL_LINES)
def test_a_fatal_error_in_any_envelope_is_a_signal(form: str) -> None:
    line = Line(FATAL_LINES[form], SIGNAL_LINES[0].at)
    (kind,) = [kind for kind, _, _ in read_signals(line.text.encode())]
    forms = {name: write(line).encode() for name, write in exports.PREFIXES.items()}
    forms |= {name: json.dumps(record(line)).encode() for name, record in exports.RECORDS.items()}
    unread = [name for name, data in forms.items() if [found for found, _, _ in read_signals(data)] != [kind]]
    # XML has another form of the quotes, and Google's agent writes another severity.
    assert unread == (["xml", "html", "cloud logging parsed"] if form == "json" else [])


SERVER_LINES = [
    Line(text, datetime(2026, 11, 25, 13, 55, 35, tzinfo=UTC) + timedelta(milliseconds=number))
    for number, text in enumerate(split_records((DATA / "hotspots" / "postgresql-15.log").read_text()))
]
"""A server's messages: collectors keep a statement of several lines in one text, and its DETAIL in another."""
SERVER_CALLS = calls("".join(f"{line.text}\n" for line in SERVER_LINES).encode(), BY_KEY)


@pytest.mark.parametrize(("record", "layout"), list(itertools.product(exports.RECORDS, exports.LAYOUTS)))
def test_a_servers_records_in_json_give_equal_calls(record: str, layout: str) -> None:
    data = exports.LAYOUTS[layout](exports.RECORDS[record], SERVER_LINES)
    assert calls(data, BY_KEY) == SERVER_CALLS


@pytest.mark.parametrize("document", exports.DOCUMENTS)
def test_a_servers_records_in_documents_give_equal_calls(document: str) -> None:
    assert calls(exports.DOCUMENTS[document](SERVER_LINES), BY_KEY) == SERVER_CALLS


@pytest.mark.parametrize("layout", exports.LAYOUTS)
def test_a_newest_first_export_has_the_calls_of_the_log(layout: str) -> None:
    """Cloud Logging, Loki and Datadog return the newest record first: a DETAIL comes before its message."""
    newest_first = exports.LAYOUTS[layout](exports.RECORDS["cloud logging text"], SERVER_LINES[::-1])
    assert sorted(calls(newest_first, BY_KEY)) == sorted(SERVER_CALLS)
    hours = [
        Line(f'time="2026-11-23T{hour:02}:00:00Z" level=error msg="Compact failed: timeout"', SERVER_LINES[0].at)
        for hour in range(20, 0, -1)
    ]
    events, counts = scanned([exports.LAYOUTS[layout](exports.RECORDS["loki"], hours)])
    assert len(events) == len(hours)
    assert counts.jumps == 0


@pytest.mark.parametrize("size", [1, 37, 1000, 4096])
@pytest.mark.parametrize("layout", exports.LAYOUTS)
def test_the_block_size_does_not_matter_for_exports(layout: str, size: int) -> None:
    data = exports.LAYOUTS[layout](exports.RECORDS["datadog"], SERVER_LINES[: 20 if size == 1 else None])
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    together, apart = scanned([data], BY_KEY), scanned(blocks, BY_KEY)
    assert together[0] == apart[0] != []
    assert together[1].lines == apart[1].lines == len(data.splitlines())


def _prefixed(prefix: str, line: Line) -> str:
    """As a program writes that puts a prefix before every line, also before the further lines of a statement."""
    return "".join(prefix.format(line.rfc) + text + "\n" for text in line.text.split("\n"))


@pytest.mark.parametrize(
    "prefix",
    [
        "db-1  | ",
        "[pod/db-0/postgres] ",
        "db-0 postgres ",
        "{} ",
        "db-1  | {} ",
        "<0>host=a; ",
        "\x1b[36mdb-1  | \x1b[0m",
        "host-1 {} unknown-agent[17]: ",
    ],
)
def test_a_prefix_before_every_line_of_a_statement_is_learnt(prefix: str) -> None:
    data = "".join(_prefixed(prefix, line) for line in SERVER_LINES).encode()
    found, names = calls(data, BY_KEY), [call.query for call in SERVER_CALLS]
    assert [call.query for call in found] == names
    assert [call.key for call in found] == [call.key for call in SERVER_CALLS]


def test_the_further_lines_of_a_statement_in_dockers_json_are_joined() -> None:
    """The first line of Kine's statements may be empty: then all of it is in lines of their own."""
    lines = [f"{line.text}\n" for line in SERVER_LINES]
    lines = [line.replace(": SELECT", ": \n\t\t\tSELECT") for line in lines]
    docker = [json.dumps({"log": f"{part}\n", "stream": "stderr"}) for line in lines for part in line.splitlines()]
    assert calls("\n".join(docker).encode(), BY_KEY) == calls("".join(lines).encode(), BY_KEY) != []


@pytest.mark.parametrize("suffix", [" | host=db-1", "</line></batch>", "\t[eof]", '","agent":"x"', "]]>"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_suffix_after_every_line_is_learnt(suffix: str, data: st.DataObject) -> None:
    form, shape = data.draw(st.sampled_from([("text", 4), ("coloured", 2), ("uncoloured", 2), ("uncoloured", 4)]))
    workload = data.draw(st.lists(cases(shape), min_size=3, max_size=6, unique_by=lambda case: case.began))
    lines = [Line(emit.FORMS[form](case, shape).decode().rstrip(), case.ended) for case in workload]
    expect_plain_calls(lines, "".join(f"{line.text}{suffix}\n" for line in lines).encode())


JSON_LINES = [
    Line(text, SERVER_LINES[0].at) for text in (DATA / "hotspots" / "postgresql-15.json").read_text().splitlines()
]


@pytest.mark.parametrize("layout", exports.LAYOUTS)
@pytest.mark.parametrize("record", [*exports.RECORDS, "cloudnativepg"])
def test_jsonlog_in_json_gives_equal_calls(record: str, layout: str) -> None:
    """A collector keeps PostgreSQL's jsonlog as a text, or as the object that it is; so does CloudNativePG."""
    plain = calls("".join(f"{line.text}\n" for line in JSON_LINES).encode(), BY_KEY)
    writers = exports.RECORDS | {"cloudnativepg": lambda line: {"logger": "postgres", "record": json.loads(line.text)}}
    found = calls(exports.LAYOUTS[layout](writers[record], JSON_LINES), BY_KEY)
    assert found == plain != []


@pytest.mark.parametrize(("newline", "tab"), [("\\n", "\\t"), ("#012", "#011"), ("\\\\n", "\\\\t"), ("\\r\\n", "\\t")])
def test_statements_with_escaped_newlines_are_recognised(newline: str, tab: str) -> None:
    lines = [line.text.replace("\n", newline).replace("\t", tab) + "\n" for line in SERVER_LINES]
    found = calls("".join(lines).encode(), BY_KEY)
    assert [(call.query, call.eras) for call in found] == [(call.query, call.eras) for call in SERVER_CALLS]


def test_syslog_messages_of_postgresql_are_joined() -> None:
    """log_destination = syslog numbers the lines of a message, and rsyslog escapes the tab."""
    lines = []
    for number, line in enumerate(SERVER_LINES, 1):
        for part, text in enumerate(line.text.split("\n"), 1):
            escaped = text.replace("\t", "#011")
            lines.append(f"Nov 25 13:55:35 host-1 postgres[3019]: [{number}-{part}] {escaped}\n")
    found = calls("".join(lines).encode(), BY_KEY)
    assert [(call.query, call.eras, call.key) for call in found] == [
        (call.query, call.eras, call.key) for call in SERVER_CALLS
    ]


@pytest.mark.parametrize("layout", exports.LAYOUTS)
def test_messages_of_the_export_command_before_json_are_skipped(layout: str) -> None:
    banner = b"Listing log entries...\nproject: demo\n"
    data = banner + exports.LAYOUTS[layout](exports.RECORDS["cloud logging text"], SERVER_LINES)
    assert calls(data, BY_KEY) == SERVER_CALLS


@pytest.mark.parametrize("prefix", ["\x1e", "data: ", "vector-1  | ", "forwarder[7]: "])
@pytest.mark.parametrize("record", ["journald record", "vector", "cloudwatch"])
def test_a_servers_records_in_json_after_a_prefix_give_equal_calls(record: str, prefix: str) -> None:
    lines = [f"{prefix}{json.dumps(exports.RECORDS[record](line))}\n\n" for line in SERVER_LINES]
    assert calls("".join(lines).encode(), BY_KEY) == SERVER_CALLS


@pytest.mark.parametrize("tabs", ["\t", "\t\t\t", ""])
def test_statements_are_joined_if_each_line_is_a_value(tabs: str) -> None:
    lines = [
        Line(tabs * bool(number) + text.strip(), line.at)
        for line in SERVER_LINES
        for number, text in enumerate(line.text.split("\n"))
    ]
    found = calls(exports.LAYOUTS["json lines"](exports.RECORDS["azure"], lines), BY_KEY)
    assert [(call.query, call.key) for call in found] == [(call.query, call.key) for call in SERVER_CALLS]
