"""
What reads Compose files for Docker, compose-go, built once and kept in ~/.cache/kinetune/compose.

Docker's own plugin is in no registry that CI reaches; its reader is in the Go module proxy, as Kine is.
`python -m tests.render.composer` builds ahead, for CI.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster import MissingServer

SOURCE = Path(__file__).parent / "compose"


def composer() -> Path:
    """The program; MissingServer with the reason where it cannot be built."""
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))).hexdigest()[:16]
    program = Path.home() / ".cache" / "kinetune" / "compose" / mark
    if program.exists():
        return program
    if shutil.which("go") is None:
        raise MissingServer("no reader of Compose files: it is built with go, and go is not installed")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        built = Path(folder) / "compose"
        done = subprocess.run(
            ["go", "build", "-trimpath", "-mod=readonly", "-o", built, "."],
            cwd=SOURCE,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingServer(f"no reader of Compose files: {(done.stderr.splitlines() or ['no message'])[-1]}")
        os.replace(built, program)
    return program


if __name__ == "__main__":
    print(composer())
