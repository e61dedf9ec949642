"""Where the files for pipelines are, and a shell to run their lines in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "pipelines"
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""As a runner of GitHub starts bash."""


def loaded(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


def shell(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SHELL, "-c", script], env=os.environ | env, capture_output=True, text=True, check=False, timeout=60
    )
