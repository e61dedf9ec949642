"""
The API server's traces of slow requests → calls of its store.

    I0125 23:01:02.4 7 trace.go:205] Trace[16]: "List etcd3" key:/secrets (25-Jan-2021 23:00:55.5) (total time: 6885ms):
    Trace[16]: ["GuaranteedUpdate etcd3" audit-id:…,key:/leases/…,type:*coordination.Lease 1647ms (23:01:00.532)

Source: k8s.io/utils/trace/trace.go, and "List etcd3" in k8s.io/apiserver/pkg/storage/etcd3/store.go. Up to Kubernetes
1.18 the start is `(started: 2020-07-25 19:38:44.06 +0000 UTC m=+54.8) (total time: 10.2s)`. A request is logged from
500 ms on, a step of it from its share of that on.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from kinetune.kine.keyspace import REGISTRY, resource_prefix
from kinetune.logs.options import GroupBy
from kinetune.logs.statements import locate_key
from kinetune.logs.timestamps import Timestamp, parse_go_duration, parse_timestamp

TRACE = b"Trace["
# k0s writes the line into a text in quotes, where its own quotes are escaped.
_NAME = re.compile(rb"Trace\[\d+\]: +(\[?)\\*\"([^\"\\\n]{1,100})\\*\" ?")
_TOTAL = re.compile(rb"\((?:started: )?([^()\n]{1,80})\) \(total time: ([^()\s]{1,32})\):")
_STEP_TOTAL = re.compile(rb"(\d{1,9})ms \(\d\d:\d\d:\d\d\.\d{3}\)")
_STORAGE = b" etcd3"
_VERBS = frozenset((b"Get", b"List", b"Create", b"Update", b"Patch", b"Delete", b"DeleteCollection"))
_FIELD = re.compile(rb"(?:^|,)(key|url|resource|type):([^,\s]+)")
_DATE = re.compile(rb"(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d)\.(\d{3})")
_MONTHS = {name.encode(): at for at, name in enumerate(calendar.month_abbr) if name}
# /api/v1/[namespaces/NAME/]pods/… and /apis/GROUP/VERSION/[namespaces/NAME/]leases/…; a namespace itself is a resource.
_URL = re.compile(rb"^/(?:api|apis/([^/]+))/v\w+/(?:namespaces/[^/?]+/(?=[^/?]))?([a-z][\w-]*)")
_SUBRESOURCES = (b"status", b"finalize")


class TracedCall(NamedTuple):
    """
    A call of the store, or a request as a whole, with its duration in ms.

    `query` is `List etcd3`, `GuaranteedUpdate etcd3` or `Patch request`. `started` is None for a step, which has only
    a time of day.
    """

    query: str
    resource: str
    key: str
    milliseconds: float
    started: Timestamp | None


def parse_trace(line: bytes, zone: tzinfo, by: GroupBy) -> TracedCall | None:
    """
    The call of a line with `Trace[`. None for a step without a name of its own, an END, and traces of something else:
    watch caches, webhooks and encoding do not wait for the store themselves.
    """
    found = _NAME.search(line)
    if found is None:
        return None
    name = found[2].replace(b"(recursive=true)", b"")
    if not name.endswith(_STORAGE) and name not in _VERBS:
        return None
    total = (_STEP_TOTAL if found[1] else _TOTAL).search(line, found.end())
    if total is None:
        return None
    took = float(total[1]) if found[1] else parse_go_duration(total[2])
    if took is None:
        return None
    resource, key = _locate_fields(line[found.end() : total.start()], by)
    query = name.decode("utf-8", "replace")
    return TracedCall(
        query if name.endswith(_STORAGE) else f"{query} request",
        resource,
        key,
        took,
        None if found[1] else _parse_start(total[1], zone),
    )


def _locate_fields(fields: bytes, by: GroupBy) -> tuple[str, str]:
    """The resource and what calls are grouped by, from the key, the URL, the resource or the type of the object."""
    values = dict(_FIELD.findall(fields.strip()))
    if b"key" in values:
        return _locate_key(values[b"key"], by)
    if b"url" in values and (found := _URL.match(values[b"url"])):
        group, resource = found.groups()
        return _registry_prefix(resource, group or b""), ""
    if b"resource" in values:
        resource, _, group = values[b"resource"].partition(b".")
        return _registry_prefix(resource, group), ""
    return values.get(b"type", b"").decode("utf-8", "replace"), ""


def _locate_key(key: bytes, by: GroupBy) -> tuple[str, str]:
    """The key as in Kine's table: etcd3's store logs it without its prefix, which is /registry in K3s and kubeadm."""
    if not key.startswith(REGISTRY.encode()):
        key = REGISTRY.encode() + key.lstrip(b"/")
    resource, grouped = locate_key(key, by)
    # A list of everything has the name of the resource only.
    return (resource if resource.endswith("/") else f"{resource}/"), grouped


def _registry_prefix(resource: bytes, group: bytes) -> str:
    """
    The folder of a resource in the registry. Built-in groups have no folder of their own; their names end with k8s.io
    or have no dot.
    """
    name, folder = resource.decode("utf-8", "replace"), group.decode("utf-8", "replace")
    name = _FOLDERS.get(name, name)
    custom = "." in folder and not folder.endswith(".k8s.io")
    prefix = f"{REGISTRY}{folder}/{name}/" if custom else f"{REGISTRY}{name}/"
    return resource_prefix(prefix)


# Folders of the registry with another name than the resource (kubernetes/pkg/kubeapiserver).
_FOLDERS = {"nodes": "minions", "services": "services/specs", "endpoints": "services/endpoints", "ingresses": "ingress"}


def _parse_start(text: bytes, zone: tzinfo) -> Timestamp | None:
    """`25-Jan-2021 23:00:55.532` in the time of the host, without its zone; older releases write Go's time.Time."""
    found = _DATE.fullmatch(text)
    if found is None:
        return parse_timestamp(text, zone)
    day, name, year, hour, minute, second, milliseconds = found.groups()
    month = _MONTHS.get(name)
    if month is None:
        return None
    try:
        local = datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=zone)
    except ValueError:
        return None
    return Timestamp(local.astimezone(UTC).timestamp() + int(milliseconds) / 1000.0, None)
