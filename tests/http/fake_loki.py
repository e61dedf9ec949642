"""A local HTTP server that answers as query_range of Loki does. No real Loki was available."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass
class FakeLoki:
    """
    Answers with `entries` (time in ns, pod, line). `limit` is max_entries_limit_per_query. `answers` are statuses and
    texts that come first. `requests` are the queries and headers that it got.
    """

    entries: list[tuple[int, str, str]] = field(default_factory=list)
    limit: int = 5000
    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        self.requests.append((asked, headers))
        if self.answers:
            return self.answers.pop(0)
        if urlsplit(path).path != "/loki/api/v1/query_range":
            return 404, "404 page not found"
        limit = int(asked["limit"])
        if limit > self.limit:
            words = "max entries limit per query exceeded, limit > max_entries_limit_per_query"
            return 400, f"{words} ({limit} > {self.limit})"
        assert asked["direction"] == "forward"
        within = sorted(one for one in self.entries if int(asked["start"]) <= one[0] < int(asked["end"]))[:limit]
        streams = [
            {
                "stream": {"namespace": "kube-system", "pod": pod},
                "values": [[str(at), line] for at, name, line in within if name == pod],
            }
            for pod in sorted({name for _, name, _ in within})
        ]
        data = {"resultType": "streams", "result": streams, "stats": {"summary": {"totalLinesProcessed": len(within)}}}
        return 200, json.dumps({"status": "success", "data": data})


@contextmanager
def serve_loki() -> Iterator[FakeLoki]:
    """Runs until the end of the context."""
    served = FakeLoki()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = served.answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{served.address}/login")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()
