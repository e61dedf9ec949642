"""An answer is read whole or refused, and never held beyond the bound."""

from __future__ import annotations

import contextlib
import http.server
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinetune.http import read
from kinetune.model.failure import CouldNotLook

BOUND = 2**20


class Sized(http.server.BaseHTTPRequestHandler):
    """As many bytes as the path says."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        left = int(self.path[1:])
        with contextlib.suppress(OSError):  # the reader goes away
            while left:
                left -= self.wfile.write(b"x" * min(left, 2**16))

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sized) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LARGEST", BOUND)


def test_an_answer_up_to_the_bound_is_read_whole(address: str) -> None:
    assert len(read.read(f"{address}/{BOUND}", "")) == BOUND


def test_a_larger_answer_is_refused_and_not_held(address: str) -> None:
    tracemalloc.start()
    with pytest.raises(CouldNotLook, match=r"cannot read http://.*: larger than 1 MiB; name another"):
        read.read(f"{address}/{64 * BOUND}", "name another")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * BOUND


def test_so_is_a_larger_file(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(b"x" * (BOUND + 1))
    with pytest.raises(CouldNotLook, match="larger than 1 MiB"):
        read.read(str(tmp_path / "metrics"), "")
