"""
A real Kine of any release, built once and kept in ~/.cache/kinetune/kine/<tag>/kine.

`python -m tests.kine.binary v0.17.5 …` builds ahead, for CI.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.cluster import MissingServer

MODULE = "github.com/k3s-io/kine"
CACHE = Path.home() / ".cache" / "kinetune" / "kine"

# Releases that do not build as they are, and the requirements that mend them. v0.17.1 asks for a t4 (another driver's
# library) that the module proxy no longer serves.
OVERRIDES: Mapping[str, Mapping[str, str]] = MappingProxyType({"v0.17.1": {"github.com/t4db/t4": "v1.1.16"}})


def kine(tag: str) -> Path:
    """The program of that release; MissingServer with the reason where it cannot be built."""
    program = CACHE / tag / "kine"
    if program.exists():
        return program
    if shutil.which("go") is None:
        raise MissingServer(f"no Kine {tag}: it is built with go, and go is not installed")
    with _building(tag) as folder:
        if not program.exists():  # another process may have built it while this one waited
            built = _build(tag, folder)
            program.parent.mkdir(parents=True, exist_ok=True)
            os.replace(built, program)
    return program


@contextmanager
def _building(tag: str) -> Iterator[Path]:
    """A scratch folder beside the cache, for one builder of a tag at a time; what a killed build left is removed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{tag}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in CACHE.glob(f".{tag}.build-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=f".{tag}.build-", dir=CACHE) as folder:
            yield Path(folder)


def _build(tag: str, folder: Path) -> Path:
    overrides = OVERRIDES.get(tag)
    if overrides is None:
        _go(tag, folder, {"GOBIN": str(folder)}, "install", "-trimpath", f"{MODULE}@{tag}")
        return folder / "kine"
    required = "\n".join(f"require {name} {version}" for name, version in {MODULE: tag, **overrides}.items())
    (folder / "go.mod").write_text(f"module wrap\n\n{required}\n")
    (folder / "tools.go").write_text(f'//go:build tools\n\npackage wrap\n\nimport _ "{MODULE}"\n')
    _go(tag, folder, {"GOFLAGS": "-mod=mod"}, "mod", "tidy")
    _go(tag, folder, {"GOFLAGS": "-mod=mod"}, "build", "-trimpath", "-o", str(folder / "kine"), MODULE)
    return folder / "kine"


def _go(tag: str, folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise MissingServer(f"no Kine {tag}: go {arguments[0]} failed: {lines[-1].strip()}")


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        print(kine(wanted))
