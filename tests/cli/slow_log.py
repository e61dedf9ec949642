"""A log with known calls, and what kinetune reports of it, for the tests of `kinetune hotspots`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.call import call
from tests.logs import emit

BEGAN = 1_795_449_961_000_000
"""2026-11-23 16:06:01 UTC in microseconds."""


def slow_log(folder: Path) -> Path:
    """Ten lists of pods in two namespaces, a second apart from 16:06:01 on, of 1 to 10 s; one poll of 30 s."""
    keys = ["/registry/pods/default/a", "/registry/pods/kube-system/b"]
    cases = [
        emit.Case("v0.17.3", "ListCurrentVal", keys[n % 2], BEGAN + n * 1_000_000, (n + 1) * 1_000_000_000)
        for n in range(10)
    ]
    cases.append(emit.Case("v0.17.3", "AfterAllOldVal", keys[0], BEGAN + 20_000_000, 30_000_000_000))
    (folder / "k3s.log").write_bytes(b"".join(emit.text(case, 4) for case in cases))
    return folder / "k3s.log"


def read_hotspots(*arguments: object) -> list[dict[str, Any]]:
    """The hotspots of the only vantage."""
    result = call("hotspots", *arguments, "--format", "json")
    assert (result.status, result.err) == (0, ""), result.err
    (vantage,) = json.loads(result.out)["vantages"]
    spots: list[dict[str, Any]] = vantage["hotspots"]
    return spots
