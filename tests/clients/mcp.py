"""A client of the Model Context Protocol over a pipe: just enough to call the tools of a server."""

import contextlib
import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["McpSession", "apimodels_mcp"]

SERVER = Path(__file__).parent / "node_modules" / "apimodels-mcp" / "dist" / "index.js"


@dataclass(slots=True)
class McpSession:
    """A session with one server, after the handshake."""

    process: subprocess.Popen[str]
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def tools(self) -> list[str]:
        """The names of the tools offered."""
        return [tool["name"] for tool in self.request("tools/list", {})["tools"]]

    def call(self, tool: str, **arguments: object) -> Any:
        """The result of a tool: `content`, and `isError` if it failed."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def request(self, method: str, params: Mapping[str, object]) -> Any:
        """The result of one JSON-RPC request."""
        self._send({"id": next(self._ids), "method": method, "params": params})
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())["result"]

    def notify(self, method: str) -> None:
        """Tells the server something that has no answer."""
        self._send({"method": method})

    def _send(self, message: Mapping[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def apimodels_mcp(base_url: str, key: str) -> Iterator[McpSession]:
    """A session with the provider's own server, pointed at `base_url`."""
    environment = {**os.environ, "APIMODELS_BASE_URL": base_url, "APIMODELS_API_KEY": key}
    with subprocess.Popen(
        ["node", SERVER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        session = McpSession(process)
        session.request(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "tests", "version": "1"},
            },
        )
        session.notify("notifications/initialized")
        try:
            yield session
        finally:
            process.communicate(timeout=30)
