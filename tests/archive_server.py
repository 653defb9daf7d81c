"""
Archive server on the loopback address, which can fail in every way.
"""

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit


class ArchiveServer(ThreadingHTTPServer):
    """
    Server of a folder, listed in the way of Python's server or of Apache.

    It answers as a proxy for any host, too. ``requests`` counts the requests for content by path,
    with its colons plain, and ``hosts`` all requests by the host that a proxy is asked for.
    ``fault`` is called with each handler and path and returns whether it has answered, and so is
    ``head_fault`` for requests of headers alone.
    """

    def __init__(self, folder, style):
        self.requests, self.hosts = Counter(), Counter()
        self.fault = self.head_fault = lambda handler, path: False
        self.style = style
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """
        Ignore clients that hang up, as the tests let them.
        """


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """
        Log nothing.
        """

    def do_GET(self):
        path = self._path()
        self.server.requests[path] += 1
        if not self.server.fault(self, path):
            super().do_GET()

    def do_HEAD(self):
        if not self.server.head_fault(self, self._path()):
            super().do_HEAD()

    def _path(self):
        host, self.path = urlsplit(self.path)[1:3]
        self.server.hosts[host] += 1
        return unquote(self.path)

    def list_directory(self, path):
        if self.server.style == "python":
            return super().list_directory(path)
        lines = []
        for item in sorted(Path(path).iterdir()):
            name = quote(item.name) if self.server.style == "apache-quoted" else item.name
            name += "/" if item.is_dir() else ""
            changed = datetime.fromtimestamp(item.stat().st_mtime, UTC)
            size = "-" if item.is_dir() else f"{item.stat().st_size / 1024:.0f}K"
            lines.append(
                f'<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td>'
                f'<td><a href="./{name}">{item.name[:20]}..&gt;</a></td>'
                f'<td align="right">{changed:%Y-%m-%d %H:%M}  </td><td align="right">{size}</td>'
                "<td>&nbsp;</td></tr>"
            )
        self.answer(
            f"<html><head><title>Index of {self.path}</title></head><body><table>"
            '<tr><th><a href="?C=N;O=D">Name</a></th></tr>'
            '<tr><td><a href="/data/">Parent Directory</a></td></tr>'
            + "\n".join(lines)
            + "</table></body></html>"
        )
        return None

    def answer(self, body, *, status=200, length=None, **headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
