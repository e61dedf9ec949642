"""Progress on stderr."""

from __future__ import annotations

import sys
import time

_STARTED = time.monotonic()


def print_progress(text: str) -> None:
    print(f"[{time.monotonic() - _STARTED:6.0f} s] {text}", file=sys.stderr, flush=True)
