"""Values of an endpoint's parameters at which Kine does not start, as KT607 says of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune.config.configured_endpoint import read_endpoint
from kinetune.model.file_location import FileLocation


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.10.1"])
@pytest.mark.parametrize("name", ["sslmode", "target_session_attrs", "default_query_exec_mode"])
def test_kine_ends_at_a_value_that_pgx_does_not_know(built: Callable[[str], Path], tag: str, name: str) -> None:
    endpoint = f"postgres://kine@127.0.0.1:1/kubernetes?{name}=verify"
    done = subprocess.run(
        [built(tag), "--endpoint", endpoint, "--metrics-bind-address=0"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode
    assert f"invalid {name}" in done.stderr or "cannot parse" in done.stderr
    found = read_endpoint(endpoint, FileLocation("x", 1)).endpoint
    assert found
    assert found.refused.startswith(f"it does not start with this value of {name}; write one of ")
