"""Lines of any program as collectors and their export commands write them: a line each, an array, a document, a CSV."""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import yaml


class Line(NamedTuple):
    """A line without its newline, and when it was written."""

    text: str
    at: datetime

    @property
    def rfc(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"

    @property
    def milliseconds(self) -> int:
        return int(self.at.timestamp() * 1000)

    @property
    def nanoseconds(self) -> str:
        return str(int(self.at.timestamp() * 1_000_000) * 1000)


def _cloud_logging_text(line: Line) -> dict[str, Any]:
    return {
        "insertId": "s=a1",
        "logName": "projects/demo/logs/cloudsql.googleapis.com%2Fpostgres.log",
        "resource": {"type": "cloudsql_database", "labels": {"region": "europe-west3"}},
        "severity": "INFO",
        "textPayload": line.text,
        "timestamp": line.rfc,
    }


def _cloud_logging_payload(line: Line) -> dict[str, Any]:
    return {
        "jsonPayload": {"message": line.text, "SYSLOG_IDENTIFIER": "k3s"},
        "timestamp": line.rfc,
        "severity": "INFO",
    }


def _cloud_logging_parsed(line: Line) -> dict[str, Any]:
    """The agent of GKE parses a line that is JSON, and moves its time and severity."""
    if not line.text.startswith("{"):
        return _cloud_logging_text(line)
    entry = json.loads(line.text)
    entry.pop("time", None)
    severity = entry.pop("severity", "INFO").upper()
    return {"insertId": "x", "jsonPayload": entry, "severity": severity, "timestamp": line.rfc}


def _loki(line: Line) -> dict[str, Any]:
    return {"labels": {"app": "kine", "namespace": "kube-system"}, "line": line.text, "timestamp": line.rfc}


def _vector(line: Line) -> dict[str, Any]:
    return {
        "file": "/var/log/pods/kine.log",
        "host": "host-1",
        "kubernetes": {"pod_name": "kine-0", "pod_labels": {"app": "kine"}},
        "message": line.text,
        "source_type": "kubernetes_logs",
        "timestamp": line.rfc,
    }


def _elastic(line: Line) -> dict[str, Any]:
    return {
        "_index": ".ds-logs-2026.11.23",
        "_id": "h1",
        "_source": {
            "@timestamp": line.rfc,
            "message": line.text,
            "event": {"original": line.text},
            "tags": ["beats_input_codec_plain_applied"],
        },
    }


def _elastic_fields(line: Line) -> dict[str, Any]:
    """With the option `fields`, each value is in a list, and a keyword field has the beginning of the text again."""
    fields = {"@timestamp": [line.rfc], "message": [line.text], "message.keyword": [line.text[:256]]}
    return {"_index": "logs", "_source": {"@timestamp": line.rfc, "message": line.text}, "fields": fields}


def _fluent_bit_of_docker(line: Line) -> dict[str, Any]:
    docker = json.dumps({"log": line.text + "\n", "stream": "stderr", "time": line.rfc})
    return {"@timestamp": line.rfc, "log": docker, "kubernetes": {"pod_name": "kine-0"}}


def _fluent_bit(line: Line) -> dict[str, Any]:
    return {"date": line.at.timestamp(), "log": line.text, "kubernetes": {"pod_name": "kine-0"}, "stream": "stderr"}


def _datadog(line: Line) -> dict[str, Any]:
    attributes = {"service": "kine", "status": "info", "timestamp": line.rfc, "message": line.text, "tags": ["a:b"]}
    return {"id": "AQA", "type": "log", "attributes": {**attributes, "attributes": {"pid": 7}}}


def _azure(line: Line) -> dict[str, Any]:
    return {"TenantId": "t", "TimeGenerated": line.rfc, "LogEntry": line.text, "PodName": "kine-0", "Type": "Container"}


def _cloudwatch(line: Line) -> dict[str, Any]:
    return {
        "logStreamName": "k3s-db.0",
        "timestamp": line.milliseconds,
        "message": line.text,
        "ingestionTime": line.milliseconds + 900,
        "eventId": "0",
    }


def _splunk(line: Line) -> dict[str, Any]:
    return {"preview": False, "result": {"_raw": line.text, "_time": line.rfc, "host": "host-1", "sourcetype": "kine"}}


def _gelf(line: Line) -> dict[str, Any]:
    return {"version": "1.1", "host": "h", "short_message": line.text, "timestamp": line.at.timestamp(), "level": 6}


def _unknown_collector(line: Line) -> dict[str, Any]:
    return {"v": 3, "meta": {"when": line.rfc, "from": ["a", {"b": None}]}, "d": {"e": {"payload_text": line.text}}}


def _within_text(line: Line) -> dict[str, Any]:
    return {"event": json.dumps({"message": line.text, "time": line.rfc}), "origin": "forwarder"}


def _journald(line: Line) -> dict[str, Any]:
    bare = line.text.encode()
    content: object = list(bare) if b"\x1b" in bare else line.text
    return {"MESSAGE": content, "__REALTIME_TIMESTAMP": str(int(line.at.timestamp() * 1e6)), "_COMM": "k3s"}


RECORDS: dict[str, Callable[[Line], dict[str, Any]]] = {
    "cloud logging text": _cloud_logging_text,
    "cloud logging payload": _cloud_logging_payload,
    "cloud logging parsed": _cloud_logging_parsed,
    "loki": _loki,
    "vector": _vector,
    "elastic": _elastic,
    "elastic with fields": _elastic_fields,
    "fluent bit": _fluent_bit,
    "fluent bit of docker": _fluent_bit_of_docker,
    "datadog": _datadog,
    "azure": _azure,
    "cloudwatch": _cloudwatch,
    "splunk": _splunk,
    "gelf": _gelf,
    "unknown collector": _unknown_collector,
    "json within text": _within_text,
    "journald record": _journald,
}


def _json_lines(record: Callable[[Line], dict[str, Any]], lines: list[Line]) -> bytes:
    return b"".join(json.dumps(record(line)).encode() + b"\n" for line in lines)


def _array(record: Callable[[Line], dict[str, Any]], lines: list[Line]) -> bytes:
    return json.dumps([record(line) for line in lines], ensure_ascii=False).encode() + b"\n"


def _pretty(record: Callable[[Line], dict[str, Any]], lines: list[Line]) -> bytes:
    return json.dumps([record(line) for line in lines], indent=2).encode() + b"\n"


def _array_of_lines(record: Callable[[Line], dict[str, Any]], lines: list[Line]) -> bytes:
    return b"[\n" + b",\n".join(json.dumps(record(line)).encode() for line in lines) + b"\n]\n"


def _pretty_objects(record: Callable[[Line], dict[str, Any]], lines: list[Line]) -> bytes:
    """As jq and journalctl -o json-pretty write them: objects of several lines, without commas."""
    return b"".join(json.dumps(record(line), indent="\t").encode() + b"\n" for line in lines)


LAYOUTS: dict[str, Callable[[Callable[[Line], dict[str, Any]], list[Line]], bytes]] = {
    "json lines": _json_lines,
    "array": _array,
    "pretty array": _pretty,
    "array of lines": _array_of_lines,
    "pretty objects": _pretty_objects,
}


def _document(value: object, indent: int | None = 4) -> bytes:
    return json.dumps(value, indent=indent).encode() + b"\n"


def _filter_log_events(lines: list[Line]) -> bytes:
    return _document({"events": [_cloudwatch(line) for line in lines], "searchedLogStreams": []})


def _insights_results(lines: list[Line]) -> bytes:
    rows = [
        [
            {"field": "@timestamp", "value": f"{line.at:%Y-%m-%d %H:%M:%S}.{line.at.microsecond // 1000:03d}"},
            {"field": "@message", "value": line.text},
            {"field": "@ptr", "value": base64.b64encode(b"pointer").decode()},
        ]
        for line in lines
    ]
    return _document({"results": rows, "statistics": {"recordsMatched": 9.0}, "status": "Complete"})


def _loki_response(lines: list[Line]) -> bytes:
    values = [[line.nanoseconds, line.text] for line in lines]
    streams = [{"stream": {"app": "kine"}, "values": values}]
    return _document({"status": "success", "data": {"resultType": "streams", "result": streams, "stats": {}}}, None)


def _loki_metadata(lines: list[Line]) -> bytes:
    """With the header X-Loki-Response-Encoding-Flags: categorize-labels."""
    values = [[line.nanoseconds, line.text, {"structuredMetadata": {"trace_id": "0"}}] for line in lines]
    return _document({"data": {"resultType": "streams", "result": [{"stream": {"app": "kine"}, "values": values}]}})


def _azure_tables(lines: list[Line]) -> bytes:
    columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "LogMessage", "type": "string"}]
    rows = [[line.rfc, line.text] for line in lines]
    return _document({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})


def _elastic_hits(lines: list[Line]) -> bytes:
    return _document({"took": 3, "hits": {"total": {"value": 9}, "hits": [_elastic(line) for line in lines]}})


def _open_telemetry(lines: list[Line]) -> bytes:
    records = [
        {
            "timeUnixNano": line.nanoseconds,
            "body": {"stringValue": line.text},
            "attributes": [{"key": "log.file.name", "value": {"stringValue": "kine.log"}}],
        }
        for line in lines
    ]
    return _document({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]}, None)


def _list_of_texts(lines: list[Line]) -> bytes:
    return _document([line.text for line in lines])


def _quoted_texts(lines: list[Line]) -> bytes:
    """As `jq '.[].textPayload'` without -r."""
    return "".join(json.dumps(line.text) + "\n" for line in lines).encode()


class _GcloudDumper(yaml.SafeDumper):  # type: ignore[misc]
    """As gcloud's yaml_printer: a text of several lines as a literal, any other folded at 80 columns."""


_GcloudDumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def _gcloud(record: Callable[[Line], dict[str, Any]]) -> Callable[[list[Line]], bytes]:
    """As `gcloud logging read` without --format."""

    def write(lines: list[Line]) -> bytes:
        form: dict[str, Any] = {"explicit_start": True, "default_flow_style": False, "indent": 2}
        return "".join(yaml.dump(record(line), Dumper=_GcloudDumper, **form) for line in lines).encode()

    return write


def _csv(header: list[str], row: Callable[[Line], list[str]], **form: Any) -> Callable[[list[Line]], bytes]:
    def write(lines: list[Line]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, **form)
        writer.writerows([*([header] if header else []), *map(row, lines)])
        return out.getvalue().encode()

    return write


def _plain(lines: list[Line]) -> bytes:
    return "".join(line.text + "\n" for line in lines).encode()


DOCUMENTS: dict[str, Callable[[list[Line]], bytes]] = {
    "aws logs filter-log-events": _filter_log_events,
    "aws logs get-query-results": _insights_results,
    "loki query_range": _loki_response,
    "loki with metadata": _loki_metadata,
    "azure tables": _azure_tables,
    "elasticsearch hits": _elastic_hits,
    "opentelemetry": _open_telemetry,
    "list of texts": _list_of_texts,
    "texts in quotes": _quoted_texts,
    "gcloud logging read": _gcloud(_cloud_logging_text),
    "gcloud logging read of payloads": _gcloud(_cloud_logging_payload),
    "gcloud logging read of parsed lines": _gcloud(_cloud_logging_parsed),
    "carriage returns": lambda lines: _plain(lines).replace(b"\n", b"\r"),
    "csv of cloudwatch": _csv(["@timestamp", "@message"], lambda line: [line.rfc, line.text]),
    "csv of azure": _csv(["TimeGenerated [UTC]", "PodName", "LogEntry"], lambda line: [line.rfc, "kine-0", line.text]),
    "csv of grafana": _csv(
        ["Time", "Line", "tsNs"], lambda line: [line.rfc, line.text, line.nanoseconds], quoting=csv.QUOTE_ALL
    ),
    "csv with semicolons": _csv(["Date", "Content"], lambda line: [line.rfc, line.text], delimiter=";"),
    "csv of pandas": _csv(["", "time", "log_line"], lambda line: ["0", line.rfc, line.text]),
    "csv of paths": _csv(["jsonPayload.message", "timestamp"], lambda line: [line.text, line.rfc]),
    "csv without header": _csv([], lambda line: [line.rfc, line.text], quoting=csv.QUOTE_ALL),
    "utf-16 little endian": lambda lines: (
        b"\xff\xfe" + _plain(lines).decode().replace("\n", "\r\n").encode("utf-16-le")
    ),
    "utf-16 big endian": lambda lines: b"\xfe\xff" + _plain(lines).decode().encode("utf-16-be"),
    "utf-16 without mark": lambda lines: _plain(lines).decode().encode("utf-16-le"),
    "utf-8 with mark": lambda lines: b"\xef\xbb\xbf" + _plain(lines),
    "utf-16 of json": lambda lines: _pretty(_vector, lines).decode().encode("utf-16"),
}
PREFIXES: dict[str, Callable[[Line], str]] = {
    "kubectl --prefix": lambda line: f"[pod/kine-0/kine] {line.text}",
    "stern": lambda line: f"kine-0 kine {line.text}",
    "compose": lambda line: f"kine-1  | {line.text}",
    "compose with colours": lambda line: f"\x1b[36mkine-1  | \x1b[0m{line.text}",
    "rfc 5424": lambda line: f"<14>1 {line.rfc} host-1 k3s 22277 - - {line.text}",
    "rfc 5424 with data": lambda line: f'<14>1 {line.rfc} host-1 k3s 7 ID47 [exampleSDID@32473 iut="3"] {line.text}',
    "aws logs tail": lambda line: f"{line.rfc} k3s-db.0 {line.text}",
    "compose of json": lambda line: f"vector-1  | {json.dumps(_vector(line))}",
    "cri of json": lambda line: f"{line.rfc} stdout F {json.dumps(_loki(line))}",
    "syslog of json": lambda line: f"{line.at:%b %d %H:%M:%S} host-1 fwd[1]: {json.dumps(_unknown_collector(line))}",
    "docker of json": lambda line: json.dumps({"log": json.dumps(_vector(line)) + "\n", "stream": "stdout"}),
    "logrus": lambda line: f'time="{line.rfc}" level=info msg={_quoted(line.text)} component=kine stream=stderr',
    "logrus of logrus": lambda line: PREFIXES["logrus"](Line(PREFIXES["logrus"](line), line.at)),
    "journald of logrus": lambda line: f"{line.at:%b %d %H:%M:%S} host-1 k0s[9]: {PREFIXES['logrus'](line)}",
    "docker of logrus": lambda line: json.dumps({"log": PREFIXES["logrus"](line) + "\n", "stream": "stderr"}),
    "quoted text": lambda line: f"2026/11/23 forward {_quoted(line.text)} to=sink-7",
    "xml": lambda line: f"<event host='h'>{_escape_xml(line.text)}</event>",
    "html": lambda line: f"<code>{html.escape(line.text)}</code>",
}
"""Envelopes of single lines, which need no state."""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("\x1b", "\\x1b") + '"'


def _escape_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def compress_twice(data: bytes) -> bytes:
    return gzip.compress(gzip.compress(data))
