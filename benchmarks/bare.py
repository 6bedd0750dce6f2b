"""The bare handler: what aiohttp costs with nothing behind it, the measure of all ratios.

`python -m benchmarks.bare --post FILE [--get FILE] [--status N]`: parses the JSON of a POST and
answers with the bytes of a file, ready-made and equally long as the mock's own answer.
"""

import argparse
import asyncio
from pathlib import Path

import orjson
from aiohttp import web

try:
    import uvloop
except ImportError:
    _new_event_loop = asyncio.new_event_loop
else:
    _new_event_loop = uvloop.new_event_loop

_HEADERS = {"Content-Type": "application/json"}


def _app(posted: bytes, got: bytes, status: int) -> web.Application:
    async def post(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        return web.Response(body=posted, status=status, headers=_HEADERS)

    async def get(request: web.Request) -> web.Response:
        return web.Response(body=got, headers=_HEADERS)

    app = web.Application()
    app.router.add_post("/api/v1/images/generations", post)
    app.router.add_get("/api/v1/images/generations", get)
    return app


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    host, port = runner.addresses[0][:2]
    print(f"listening on http://{host}:{port}/api/v1", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--post", type=Path, required=True)
    parser.add_argument("--get", type=Path)
    parser.add_argument("--status", type=int, default=200)
    given = parser.parse_args()
    got = given.get.read_bytes() if given.get else b"{}"
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(_serve(_app(given.post.read_bytes(), got, given.status)))


if __name__ == "__main__":
    main()
