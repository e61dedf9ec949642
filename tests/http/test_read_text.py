"""An answer is read completely or refused, and never more of it is kept than the limit."""

from __future__ import annotations

import contextlib
import http.server
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinetune.http import read_text
from kinetune.model.failure import CouldNotLook

BOUND = 2**20


class Sized(http.server.BaseHTTPRequestHandler):
    """Serves as many bytes as the path names."""

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
    monkeypatch.setattr(read_text, "MAX_BYTES", BOUND)


def test_a_refused_connection_has_no_error_number() -> None:
    with pytest.raises(CouldNotLook, match=r"cannot read http://127\.0\.0\.1:1/x: Connection refused; "):
        read_text.read_text("http://127.0.0.1:1/x", "start it")


def test_an_answer_up_to_the_limit_is_read(address: str) -> None:
    assert len(read_text.read_text(f"{address}/{BOUND}", "")) == BOUND


def test_a_larger_answer_is_refused_and_not_kept(address: str) -> None:
    tracemalloc.start()
    with pytest.raises(CouldNotLook, match=r"cannot read http://.*: larger than 1 MiB; name another"):
        read_text.read_text(f"{address}/{64 * BOUND}", "name another")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * BOUND


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(b"x" * (BOUND + 1))
    with pytest.raises(CouldNotLook, match="larger than 1 MiB"):
        read_text.read_text(str(tmp_path / "metrics"), "")
