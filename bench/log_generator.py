"""
Generate logs in real formats from a seed: the journal of K3s with 5 % slow SQL lines, and the log of a PostgreSQL
server with log_min_duration_statement and parameters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from kinetune.kine.queries import load_catalogue, with_limit

_RESOURCES = ("pods", "configmaps", "secrets", "leases", "events", "replicasets", "endpointslices", "nodes")
_BEGIN = 1_779_105_600.0
_KLOG = (
    "I{klog}   22277 controller.go:615] quota admission added evaluator for: leases.coordination.k8s.io",
    'I{klog}   22277 event.go:307] "Event occurred" object="default/web-{n}" fieldPath="" kind="Pod" apiVersion="v1" '
    'type="Normal" reason="Pulled" message="Container image \\"nginx:1.{n}\\" already present on machine"',
    'E{klog}   22277 resource_quota_controller.go:446] "Unhandled Error" err="unable to retrieve the complete list of '
    'server APIs: ext.cattle.io/v1: stale GroupVersion discovery: ext.cattle.io/v1" logger="UnhandledError"',
    'W{klog}   22277 reflector.go:569] object-"kube-system"/"coredns": failed to list *v1.ConfigMap: configmaps '
    '"coredns" is forbidden: User "system:node:server-{n}" cannot list resource "configmaps" in API group ""',
    'time="{at}Z" level=info msg="Tunnel server egress proxy dial error: unable to dial 10.42.{n}.3:10250" ',
    'time="{at}Z" level=info msg="Handling backend connection request [agent-{n}]"',
    'I{klog}   22277 trace.go:236] Trace[{n}]: "List" accept:application/json, */*,audit-id:6a0b-{n},client:10.0.0.7,'
    "resource:pods,scope:cluster,url:/api/v1/pods,user-agent:rancher/v2.9.{n},verb:LIST ({traced}) "
    "(total time: 734ms):",
)
_TELLING = (
    'time="{at}Z" level=info msg="COMPACT deleted 512 rows from 1000 revisions in 38.2ms - compacted to {n}/99999999"',
    'time="{at}Z" level=error msg="error in txn: ERROR: canceling statement due to user request (SQLSTATE 57014)"',
    'time="{at}Z" level=warning msg="Retriable insert error for key /registry/leases/kube-node-lease/n{n}: ERROR: '
    'duplicate key value violates unique constraint \\"kine_pkey\\" (SQLSTATE 23505)"',
)


def k3s_lines(rng: random.Random) -> Iterator[str]:
    """A journal of K3s v1.36: 5 % slow SQL lines, and one signal in 2,000 lines."""
    queries = [
        query for query in load_catalogue("v0.17.3").values() if query.frequency.startswith(("hot", "once", "bursts"))
    ]
    moment = _BEGIN
    while True:
        moment += rng.expovariate(20)
        whole = datetime.fromtimestamp(moment, UTC)
        at, n = whole.isoformat(timespec="seconds")[:19], rng.randrange(200_000)
        before = f"{whole:%b %d %H:%M:%S} ip-10-10-101-189 k3s[22277]: "
        chance = rng.random()
        if chance < 0.05:
            took = 1 + rng.lognormvariate(-0.5, 0.9)
            began = datetime.fromtimestamp(moment - took, UTC).isoformat()[:26]
            query = rng.choice(queries)
            sql = _inlined(query.text, f"/registry/{rng.choice(_RESOURCES)}/", n)
            level = "warning" if took >= 5 else "info"
            yield (
                f'{before}time="{at}Z" level={level} msg="Slow SQL: {sql}" duration={took:.9f}s name={query.name} '
                f'started="{began}123Z"\n'
            )
        elif chance < 0.0505:
            yield before + rng.choice(_TELLING).format(at=at, n=n) + "\n"
        else:
            started = datetime.fromtimestamp(moment - 0.734, UTC)
            times = {"klog": f"{whole:%m%d %H:%M:%S.%f}", "traced": f"{started:%d-%b-%Y %H:%M:%S.%f}"[:-3]}
            yield before + rng.choice(_KLOG).format(at=at, n=n % 250, **times) + "\n"


def _inlined(text: str, prefix: str, n: int) -> str:
    """Parameters as Kine's log has them: keys quoted, a value as [N]byte(...)."""
    inserts = text.startswith("INSERT")
    for number in range(9, 0, -1):
        value = f"'{prefix}ns-{n % 50}/obj-{n}'" if number in (1, 2, 8) else ("[1024]byte(...)" if inserts else str(n))
        text = text.replace(f"${number}", value)
    return with_limit(text, 500) if "/* LIMIT */" in text else text


# How often each is sent by a busy Kine v0.14, of 100, roughly (docs/facts/kine.md §2.1, §2.2).
_NAMES = ("Insert", "GetCurrentVal", "AfterOldVal", "CountCurrent", "GetRevisionAfterVal", "Compact")
_SHARES = dict(zip(_NAMES, (30, 32, 22, 6, 6, 4), strict=True))


def postgresql_lines(rng: random.Random) -> Iterator[str]:
    """A server's stderr log of Kine v0.14: `%m [%p] %q%u@%d `, each statement with its parameters; values of 1 KB."""
    queries = load_catalogue("v0.14.8")
    texts = {
        name: queries[name].text.replace(" FROM ", "\n\t\t\tFROM ").replace(" WHERE ", "\n\t\t\tWHERE ")
        for name in _SHARES
    }
    moment = _BEGIN
    while True:
        moment += rng.expovariate(200)
        at = datetime.fromtimestamp(moment, UTC).isoformat(sep=" ", timespec="milliseconds")[:23]
        before = f"{at} UTC [{4000 + rng.randrange(20)}] kine@kubernetes "
        name = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
        n, took = rng.randrange(200_000), rng.lognormvariate(2, 1.5)
        meanings = enumerate(queries[name].parameters, 1)
        values = ", ".join(f"${place} = '{_value(one.meaning, rng, n)}'" for place, one in meanings)
        yield f"{before}LOG:  duration: {took:.3f} ms  execute stmtcache_{len(name)}: {texts[name]}\n"
        yield f"{before}DETAIL:  parameters: {values}\n"


def _value(meaning: str, rng: random.Random, n: int) -> str:
    if "key" in meaning or "prefix" in meaning:
        return f"/registry/{rng.choice(_RESOURCES)}/ns-{n % 50}/obj-{n}"
    return "\\x" + "6b38" * 500 if "value" in meaning else str(n)


def generated_log(path: Path, megabytes: int, lines: Callable[[random.Random], Iterator[str]]) -> Path:
    """
    Generate a log: 50 MB line by line, then repeated. It runs in a child process, because a measured process inherits
    the peak memory of its parent.
    """
    with ProcessPoolExecutor(1) as pool:
        pool.submit(_generate, path, megabytes, lines).result()
    return path


def _generate(path: Path, megabytes: int, lines: Callable[[random.Random], Iterator[str]]) -> None:
    source = lines(random.Random(6))
    piece, size = [], 0
    while size < min(megabytes, 50) * 1_000_000:
        piece.append(next(source))
        size += len(piece[-1])
    block = "".join(piece).encode()
    with path.open("wb") as file:
        for _ in range(max(1, megabytes // 50)):
            file.write(block)
