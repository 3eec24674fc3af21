"""A server of one file that behaves well or badly, by the first word of the path."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class FileServer:
    """`data` under /good (with ranges); other paths misbehave as their names say. `asked`: (path, Range) in order."""

    def __init__(self, data: bytes, port: int) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[tuple[str, str | None]] = []

    def answer(self, path: str, asked: str | None) -> tuple[int, dict[str, str], bytes, int]:
        """Return status, headers, body, and the length that is promised."""
        first = [item for item, _ in self.asked].count(path) == 1
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        whole, cut = self.data, self.data[start : start + len(self.data) // 3]
        match path:
            case "/missing":
                return 404, {}, b"", 0
            case "/wrong":
                return 200, {}, b"x" * len(whole), len(whole)
            case "/long":
                return 200, {}, whole * 9, len(whole) * 9
            case "/truncated":
                return 200, {}, whole[: len(whole) // 2], len(whole)
            case "/cut-once-then-whole" if first:
                return 200, {}, cut, len(whole)
            case "/cut-once-then-whole":
                return 200, {}, whole, len(whole)
            case "/refuses-ranges" if asked:
                return 416, {"Content-Range": f"bytes */{len(whole)}"}, b"", 0
            case "/other-range" if asked:
                return 206, {"Content-Range": f"bytes 7-{len(whole) - 1}/{len(whole)}"}, whole[7:], len(whole) - 7
        body = cut if path == "/cut-always" or (path == "/cut-once" and first) else whole[start:]
        headers = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if asked else {}
        return (206 if asked else 200), headers, body, len(whole) - start


@contextmanager
def file_server(data: bytes) -> Iterator[FileServer]:
    """Serve until the block is left."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, self.headers["Range"]))
            status, headers, body, promised = served.answer(self.path, self.headers["Range"])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(promised)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = FileServer(data, server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
