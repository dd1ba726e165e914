"""Gives the simulator's models the names of Claude at Bedrock, where a model's name decides what it
is asked and how. The simulator knows its models by their own names only."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PREFIX = "anthropic.claude-"


class Alias:
    """Passes requests on under another name."""

    def __init__(self, simulator: str) -> None:
        handler = type("Handler", (_Passing,), {"simulator": urlsplit(simulator).netloc})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


class _Passing(BaseHTTPRequestHandler):
    """One request. It closes both connections behind the answer, so no length is needed."""

    simulator = ""

    def do_POST(self) -> None:
        """Passes it on."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "content-length")}
        connection = http.client.HTTPConnection(self.simulator)
        connection.request("POST", self.path.replace(PREFIX, "", 1), body, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        while piece := answer.read1():
            self.wfile.write(piece)
        connection.close()

    def log_message(self, *_: object) -> None:
        """Says nothing."""
