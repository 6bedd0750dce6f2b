"""An independent, faultless implementation of the contract, small and slow, written from its prose.

It shares no code and no choice with the mock server: other ids, other words, other pictures,
OpenAI's error envelope, another derived size where the contract leaves room. The suite must not
complain of it.
"""

import asyncio
import base64
import io
import ipaddress
import itertools
import json
import random
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from aiohttp.http_exceptions import HttpProcessingError
from PIL import Image

__all__ = ["Server", "create_app"]

MODELS = ("gpt-image-2-all",)
PRICES = {
    "1K": {"low": "0.005", "medium": "0.025", "high": "0.07"},
    "2K": {"low": "0.01", "medium": "0.04", "high": "0.10"},
    "4K": {"low": "0.015", "medium": "0.06", "high": "0.23"},
}
SECONDS = {"low": 40, "medium": 75, "high": 120}
EDGES = {"1K": 1536, "2K": 2048, "4K": 3840}
TYPICAL = {
    "1K": ("1024x1024", "1536x1024", "1024x1536"),
    "2K": ("2048x2048", "2048x1152", "1152x2048"),
    "4K": ("3840x2160", "2160x3840"),
}
MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
SINGLE, MANY = ("image", "image_base64", "image_url"), ("image_urls", "images")
PRIVATE_TEXT = "private/reserved IP addresses not allowed"
TEXT_FIELDS = ("model", "prompt", "size", "quality", "aspect_ratio", "resolution", "background")


BAD_FORM = (
    ValueError, AssertionError, RuntimeError, LookupError, web.RequestPayloadError,
    HttpProcessingError,
)  # fmt: skip


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param


@dataclass
class Account:
    total: Decimal
    frozen: Decimal = Decimal(0)


@dataclass
class Job:
    """What an accepted request makes."""

    key: str
    body: dict[str, Any]
    size: tuple[int, int]
    quality: str
    n: int
    price: Decimal
    form: str
    background: str
    references: list[Image.Image]
    mask: Image.Image | None
    fails: str | None
    edit: bool
    id: str = ""
    created: float = 0.0
    begun: float = 0.0
    ended: float = 0.0
    pictures: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    is_task: bool = True

    @property
    def state(self) -> str:
        if self.ended:
            return "failed" if self.fails else "completed"
        return "processing" if self.begun else "pending"


class Server:
    """The state of the service."""

    def __init__(self, keys: dict[str, str], *, scale: float, profile: str = "provider") -> None:
        self.accounts = {key: Account(Decimal(total)) for key, total in keys.items()}
        self.scale, self.openai = scale, profile == "openai"
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Awaitable[None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    def submit(self, job: Job) -> None:
        account = self.accounts[job.key]
        if account.total - account.frozen < job.price:
            raise RefusedError(402, "insufficient balance")
        account.frozen += job.price
        job.id, job.created = secrets.token_urlsafe(15), time.time()
        self.jobs[job.id] = job

    async def work(self, job: Job, base: str) -> None:
        typical = SECONDS[job.quality] * random.uniform(0.9, 1.1) * self.scale
        await asyncio.sleep(typical * 0.1)
        job.begun = time.time()
        await asyncio.sleep(typical * 0.9)
        account = self.accounts[job.key]
        if not job.fails:
            job.pictures = await asyncio.to_thread(lambda: [paint(job, i) for i in range(job.n)])
            job.urls = [self.keep(each, MEDIA[job.form], base) for each in job.pictures]
            account.total -= job.price
        account.frozen -= job.price
        job.ended = time.time()
        if url := job.body.get("callback_url"):
            _ = self.spawn(self.call_back(str(url), job))

    def keep(self, data: bytes, media_type: str, base: str) -> str:
        name = secrets.token_hex(12)
        self.files[name] = (data, media_type)
        return f"{base}/files/{name}"

    async def call_back(self, url: str, job: Job) -> None:
        first = time.monotonic()
        for delay in itertools.chain((1, 2, 4), itertools.repeat(60)):
            if await self.attempt(url, job):
                return
            await asyncio.sleep(delay * self.scale)
            if time.monotonic() - first > 1800 * self.scale:
                return

    async def attempt(self, url: str, job: Job) -> bool:
        data = {
            "taskId": job.id,
            "model": job.body.get("model", MODELS[0]),
            "state": job.state,
            "param": json.dumps({k: v for k, v in job.body.items() if k not in {"files", "masks"}}),
            "resultJson": None if job.fails else json.dumps({"resultUrls": job.urls}),
            "failCode": "INVALID_INPUT" if job.fails else None,
            "failMsg": job.fails,
            "createTime": int(job.created * 1000),
            "completeTime": int(job.ended * 1000),
        }
        body = {"code": 200, "msg": "success", "data": data}
        limit = ClientTimeout(total=max(0.05, 10 * self.scale))
        try:
            async with (
                ClientSession(timeout=limit) as client,
                client.post(url, json=body, allow_redirects=False) as answer,
            ):
                return 200 <= answer.status < 300
        except (ClientError, TimeoutError, OSError):
            return False


SERVER: web.AppKey[Server] = web.AppKey("server", Server)


def create_app(server: Server) -> web.Application:
    app = web.Application(client_max_size=1_200_000_000, middlewares=[envelope])
    app[SERVER] = server
    for prefix in ("/api/v1", "/v1"):
        app.router.add_post(f"{prefix}/images/generations", generate)
        app.router.add_get(f"{prefix}/images/generations", poll, allow_head=False)
        app.router.add_get(f"{prefix}/images/generations/{{id}}", hint, allow_head=False)
        app.router.add_get(f"{prefix}/video/generations", poll, allow_head=False)
        app.router.add_post(f"{prefix}/images/edits", edit)
        app.router.add_post(f"{prefix}/images/generations-sync", generate_and_wait)
        app.router.add_get(f"{prefix}/models", models, allow_head=False)
        app.router.add_get(f"{prefix}/models/{{id}}", model, allow_head=False)
        app.router.add_get(f"{prefix}/balance", balance, allow_head=False)
        app.router.add_get(f"{prefix}/records/{{id}}", record, allow_head=False)
        app.router.add_post(f"{prefix}/files", upload)
        app.router.add_get(f"{prefix}/files/{{name}}", serve, allow_head=False)
    return app


@web.middleware
async def envelope(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    request["id"] = secrets.token_hex(8)
    try:
        answer = await handler(request)
    except RefusedError as error:
        answer = refusal(error.status, error.message, error.param)
    except web.HTTPException as error:
        answer = refusal(error.status, error.reason)
        if allow := error.headers.get("Allow"):
            answer.headers["Allow"] = allow
    answer.headers["x-request-id"] = request["id"]
    return answer


def refusal(status: int, message: str, param: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return web.json_response({"error": error}, status=status)


def base_of(request: web.Request) -> str:
    return f"http://{request.host}/{'api/v1' if request.path.startswith('/api') else 'v1'}"


def key_of(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or key.strip() not in request.app[SERVER].accounts:
        raise RefusedError(401, "the header Authorization: Bearer KEY holds no known key")
    return key.strip()


async def generate(request: web.Request) -> web.StreamResponse:
    key = key_of(request)
    return await answer(request, key, await json_body(request), edit_path=False)


async def edit(request: web.Request) -> web.StreamResponse:
    key = key_of(request)
    if request.content_type == "application/json":
        return await answer(request, key, await json_body(request), edit_path=True)
    if request.content_type != "multipart/form-data":
        raise RefusedError(415, "multipart/form-data or application/json is needed")
    return await answer(request, key, await form_body(request), edit_path=True)


async def generate_and_wait(request: web.Request) -> web.Response:
    server, key = request.app[SERVER], key_of(request)
    body = await json_body(request)
    body.pop("size", None) if body.get("size") == "auto" else None
    job = understand(server, key, body, base_of(request), edit_path=False, waits=True)
    server.submit(job)
    await asyncio.shield(server.spawn(server.work(job, base_of(request))))
    return web.json_response(shown(job))


async def answer(
    request: web.Request, key: str, body: dict[str, Any], *, edit_path: bool
) -> web.Response:
    server = request.app[SERVER]
    job = understand(server, key, body, base_of(request), edit_path=edit_path, waits=False)
    server.submit(job)
    work = server.spawn(server.work(job, base_of(request)))
    if job.is_task:
        data = {"taskId": job.id, "state": "pending"}
        return web.json_response({"code": 200, "msg": "success", "data": data})
    server.jobs[request["id"]] = server.jobs.pop(job.id)
    await asyncio.shield(work)
    return web.json_response(pictures(server, job, edit_path=edit_path))


def pictures(server: Server, job: Job, *, edit_path: bool) -> dict[str, Any]:
    entries = []
    for data, url in zip(job.pictures, job.urls, strict=True):
        entry = {"url": url, "b64_json": base64.b64encode(data).decode()}
        if edit_path and job.body.get("response_format") == "url":
            del entry["b64_json"]
        entries.append(entry)
    found: dict[str, Any] = {"created": int(time.time()), "data": entries}
    if server.openai:
        usage = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
        usage["input_tokens_details"] = {"image_tokens": 0, "text_tokens": 5}  # type: ignore[assignment]
        found |= {"output_format": job.form, "quality": job.quality, "usage": usage}
        found["background"] = "transparent" if job.background == "transparent" else "opaque"
        found["size"] = f"{job.size[0]}x{job.size[1]}"
    return found


async def json_body(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise RefusedError(415, "application/json is needed")
    try:
        body = json.loads(await request.read(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RefusedError(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "the body is no JSON object")
    return {name: value for name, value in body.items() if value is not None}


def _no_constant(name: str) -> None:
    raise ValueError(name)


async def form_body(request: web.Request) -> dict[str, Any]:
    try:
        parts = await request.post()
    except BAD_FORM:
        raise RefusedError(400, "the form is broken") from None
    body: dict[str, Any] = {"files": [], "masks": []}
    for name, value in parts.items():
        if isinstance(value, web.FileField):
            data = value.file.read()
            if name in {"image", "image[]"}:
                body["files"].append(("image", data))
            elif name == "mask":
                body["masks"].append(data)
        elif name in {"image", "image[]", "mask"}:
            body.setdefault(name.removesuffix("[]"), value)
        else:
            body[name] = _from_text(name, str(value))
    return body


def _from_text(name: str, value: str) -> Any:
    if name in {"n", "output_compression", "partial_images"} and re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return {"true": True, "false": False}.get(value, value) if name == "stream" else value


def understand(
    server: Server, key: str, body: dict[str, Any], base: str, *, edit_path: bool, waits: bool
) -> Job:
    """The job that a body asks for, or RefusedError."""
    check_types(body)
    check_model(server, body)
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip() or len(prompt) > 32000:
        raise RefusedError(
            400, f"prompt: 1 to 32000 characters are needed; got {prompt!r:.40}", "prompt"
        )
    qualities = {"low": "low", "medium": "medium", "high": "high", "auto": "medium"}
    qualities |= {"standard": "medium", "hd": "high"} if server.openai else {}
    one_of(body, "quality", tuple(qualities), "medium")
    one_of(body, "background", ("auto", "transparent", "opaque"), "auto")
    one_of(body, "response_format", ("b64_json", "url"), "b64_json")
    form = one_of(body, "output_format", ("png", "jpeg", "webp"), "png")
    n = integer(body, "n", 1, 10, 1)
    integer(body, "output_compression", 0, 100, 100)
    integer(body, "partial_images", 0, 3, 0)
    if not isinstance(body.get("stream", False), bool):
        raise RefusedError(400, f"stream: true or false; got {body['stream']!r}", "stream")
    if body.get("stream") is True:
        raise RefusedError(400, "stream is not supported", "stream")
    background = str(body.get("background", "auto"))
    if background == "transparent" and form == "jpeg":
        raise RefusedError(400, "background transparent needs png or webp", "background")
    if "callback_url" in body:
        check_callback(body["callback_url"])
    size = wanted_size(body)
    carried = references(body, edit_path=edit_path)
    if edit_path and not carried:
        raise RefusedError(400, "image: a reference picture is needed", "image")
    if len(carried) > 16:
        raise RefusedError(400, f"at most 16 pictures; got {len(carried)}", carried[-1][0])
    plain = server.openai and not {"aspect_ratio", "resolution"} & body.keys()
    is_task = waits or "callback_url" in body or (size is None and not plain)
    loaded = [load(server, name, value, base) for name, value in carried]
    mask = the_mask(server, body, loaded, base)
    blocked = PRIVATE_TEXT if any(each is None for each in loaded) else None
    if blocked and not is_task:
        raise RefusedError(400, f"{carried[0][0]}: {PRIVATE_TEXT}", carried[0][0])
    images = [each for each in loaded if each is not None]
    if size is None and is_task:
        size = derive(body, images)
    size = size or (1024, 1024)
    ratio_and_tier(body)
    tier = next(name for name, edge in EDGES.items() if max(size) <= edge)
    quality = qualities[str(body.get("quality", "medium"))]
    price = Decimal(PRICES[tier][quality]) * n
    return Job(
        key, body, size, quality, n, price, form, background, images, mask, blocked,
        edit=bool(carried), is_task=is_task,
    )  # fmt: skip


def check_types(body: dict[str, Any]) -> None:
    for name in TEXT_FIELDS:
        if name in body and not isinstance(body[name], str):
            raise RefusedError(400, f"{name}: a text is needed; got {body[name]!r:.60}", name)
        if name in body and any(0xD800 <= ord(c) < 0xE000 for c in body[name]):
            raise RefusedError(400, f"{name}: lone surrogates are no text", name)


def check_model(server: Server, body: dict[str, Any]) -> None:
    name = body.get("model")
    if server.openai or name in {*MODELS, "gpt-image-2"}:
        return
    if name is None:
        raise RefusedError(400, "model is required", "model")
    raise RefusedError(
        400, f"Invalid model: {name}. Supported models: {', '.join(MODELS)}", "model"
    )


def split_url(url: str) -> SplitResult | None:
    """The parts of a URL; None where a bracket in it is left open."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def check_callback(url: Any) -> None:
    parts = split_url(url) if isinstance(url, str) and len(url) <= 2048 else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RefusedError(
            400, f"callback_url: an absolute http(s) URL; got {url!r:.60}", "callback_url"
        )


def one_of(body: dict[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise RefusedError(
            400, f"{name}: {', '.join(allowed)} are allowed; got {value!r:.60}", name
        )
    return value


def integer(body: dict[str, Any], name: str, least: int, most: int, default: int) -> int:
    value = body.get(name, default)
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or not least <= value <= most:
        raise RefusedError(
            400, f"{name}: an integer from {least} to {most}; got {value!r:.60}", name
        )
    return int(value)


def wanted_size(body: dict[str, Any]) -> tuple[int, int] | None:
    text = body.get("size", "auto")
    if text == "auto":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})x([1-9][0-9]{0,8})", text, re.ASCII)
    if not match:
        raise RefusedError(400, f"size: WIDTHxHEIGHT is needed; got {text!r:.60}", "size")
    size = (int(match[1]), int(match[2]))
    if not legal(size):
        raise RefusedError(400, f"size: {text} is not allowed", "size")
    return size


def legal(size: tuple[int, int]) -> bool:
    width, height = size
    return (
        width % 16 == 0
        and height % 16 == 0
        and max(size) <= 3840
        and max(size) <= 3 * min(size)
        and 655360 <= width * height <= 8294400
    )


def ratio_and_tier(body: dict[str, Any]) -> tuple[Fraction | None, str]:
    text = body.get("aspect_ratio")
    tier = str(body.get("resolution", "1K")).upper()
    if tier not in EDGES:
        raise RefusedError(
            400, f"resolution: 1K, 2K or 4K; got {body['resolution']!r:.60}", "resolution"
        )
    if text is None or text == "auto":
        return (None if text else Fraction(1)), tier
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?):(\d{1,9}(?:\.\d{1,9})?)", text, re.ASCII)
    sides = [Fraction(each) for each in match.groups()] if match else [Fraction(0)]
    if not all(sides) or max(sides) > 3 * min(sides):
        raise RefusedError(400, f"aspect_ratio: W:H up to 3:1; got {text!r:.60}", "aspect_ratio")
    return sides[0] / sides[1], tier


def derive(body: dict[str, Any], images: list[Image.Image]) -> tuple[int, int]:
    """The legal size of the tier that is nearest to the ratio, the largest of several."""
    ratio, tier = ratio_and_tier(body)
    if ratio is None:
        ratio = Fraction(*images[0].size) if images else Fraction(1)
        ratio = min(max(ratio, Fraction(1, 3)), Fraction(3))
    for text in TYPICAL[tier]:
        width, height = map(int, text.split("x"))
        if Fraction(width, height) == ratio:
            return width, height
    lower = max((edge for edge in EDGES.values() if edge < EDGES[tier]), default=0)
    steep, found = max(ratio, 1 / ratio), []
    for long in range(lower + 16 - lower % 16, EDGES[tier] + 1, 16):
        short = int(long / steep) // 16 * 16
        for each in (short, short + 16):
            if each <= long and legal((long, each)) and abs(long / steep - each) <= 16:
                found.append((abs(Fraction(long, each) - steep), -long, (long, each)))
    size = min(found)[2]
    return size if ratio >= 1 else (size[1], size[0])


def references(body: dict[str, Any], *, edit_path: bool) -> list[tuple[str, Any]]:
    found = list(body.get("files", []))
    for name in SINGLE:
        if name in body:
            found.append((name, body[name]))
    for name in MANY:
        values = body.get(name, [])
        if "files" in body and name == "images":
            continue
        if not isinstance(values, list):
            raise RefusedError(400, f"{name}: a list is needed; got {values!r:.60}", name)
        for value in values:
            inner = value.get("image_url") if isinstance(value, dict) and edit_path else value
            found.append((name, inner))
    return found


def load(server: Server, name: str, value: Any, base: str) -> Image.Image | None:
    """The picture of a reference, a grey one for a public URL, None for a private one."""
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        parts = split_url(value)
        host = parts.hostname if parts else None
        if not host:
            raise RefusedError(400, f"{name}: a URL without a host", name)
        stored = server.files.get(value.rpartition("/")[2]) if "/files/" in value else None
        if stored is not None:
            return decode(stored[0], name)
        return None if is_private(host) else Image.new("RGB", (64, 64), "grey")
    if isinstance(value, str):
        text = value.partition(",")[2] if value.lower().startswith("data:") else value
        try:
            value = base64.b64decode(text, validate=True)
        except ValueError:
            value = b""
    if not isinstance(value, bytes):
        raise RefusedError(400, f"{name}: a text is needed; got {value!r:.60}", name)
    return decode(value, name)


def decode(data: bytes, name: str) -> Image.Image:
    if len(data) > 50 * 2**20:
        raise RefusedError(400, f"{name}: more than 50 MB", name)
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
        if image.size[0] * image.size[1] > 64_000_000:
            raise RefusedError(400, f"{name}: too many pixels", name)
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise RefusedError(400, f"{name}: no PNG, JPEG or WebP", name) from None
    return image


def is_private(host: str) -> bool:
    if host.rstrip(".").rpartition(".")[2] in {"localhost", "local", "internal"}:
        return True
    try:
        return not ipaddress.ip_address(host).is_global or ipaddress.ip_address(host).is_multicast
    except ValueError:
        return False


def the_mask(
    server: Server, body: dict[str, Any], loaded: list[Image.Image | None], base: str
) -> Image.Image | None:
    found = [("mask", data) for data in body.get("masks", [])]
    for name in ("mask", "mask_url", "mask_base64"):
        value = body.get(name)
        value = value.get("image_url") if name == "mask" and isinstance(value, dict) else value
        if value is not None:
            found.append((name, value))
    if not found:
        return None
    name, value = found[0]
    if not loaded:
        raise RefusedError(400, f"{name}: a mask needs a reference picture (image)", name)
    mask = load(server, name, value, base)
    is_remote = isinstance(value, str) and value.startswith("http")
    if is_remote or mask is None:
        return None
    alpha = "A" in mask.getbands() or "transparency" in mask.info
    if mask.format != "PNG" or not alpha:
        raise RefusedError(400, f"{name}: a PNG with an alpha channel is needed", name)
    if loaded[0] is not None and mask.size != loaded[0].size:
        raise RefusedError(400, f"{name}: the reference's size {loaded[0].size} is needed", name)
    return mask


def paint(job: Job, index: int) -> bytes:
    colour = random.Random(f"{job.body.get('prompt')}{index}").sample(range(20, 235), 3)
    image = Image.new("RGB", job.size, tuple(colour))
    if job.references:
        reference = job.references[0].convert("RGB").resize(job.size)
        if job.mask is not None:
            alpha = (
                job.mask.convert("RGBA").getchannel("A").resize(job.size, Image.Resampling.NEAREST)
            )
            image = Image.composite(reference, image, alpha)
        else:
            image.paste(reference.resize((job.size[0] // 2, job.size[1] // 2)))
    if job.background == "transparent":
        image.putalpha(255)
        image.paste((0, 0, 0, 0), (0, 0, 9, 9))
    buffer = io.BytesIO()
    options = {"compress_level": 1} if job.form == "png" else {"quality": 60}
    image.save(buffer, job.form, **options)
    return buffer.getvalue()


def shown(job: Job) -> dict[str, Any]:
    data: dict[str, Any] = {
        "taskId": job.id,
        "state": job.state,
        "model": job.body.get("model", MODELS[0]),
        "modelType": "IMAGE_TO_IMAGE" if job.edit else "TEXT_TO_IMAGE",
        "createTime": int(job.created * 1000),
    }
    if job.state == "completed":
        data |= {"resultUrls": job.urls, "resultJson": json.dumps({"resultUrls": job.urls})}
        data |= {"completeTime": int(job.ended * 1000), "credits": float(job.price)}
    if job.state == "failed":
        data |= {"failMsg": job.fails, "failCode": "INVALID_INPUT", "retryable": False}
    return {"code": 200, "msg": "success", "data": data}


async def poll(request: web.Request) -> web.Response:
    key, name = key_of(request), request.query.get("task_id")
    if not name:
        raise RefusedError(400, "task_id is required", "task_id")
    job = request.app[SERVER].jobs.get(name)
    if job is None or job.key != key or not job.is_task:
        raise RefusedError(404, f"no task {name}", "task_id")
    return web.json_response(shown(job))


async def hint(request: web.Request) -> web.Response:
    raise RefusedError(404, "ask with ?task_id=ID")


async def models(request: web.Request) -> web.Response:
    key_of(request)
    return web.json_response({"object": "list", "data": [_model(name) for name in MODELS]})


async def model(request: web.Request) -> web.Response:
    key_of(request)
    if request.match_info["id"] not in MODELS:
        raise RefusedError(404, f"no model {request.match_info['id']}")
    return web.json_response(_model(request.match_info["id"]))


def _model(name: str) -> dict[str, Any]:
    found = {"id": name, "object": "model", "created": 1700000000, "owned_by": "somebody"}
    return found | {"modality": "image", "endpoint": "/v1/images/generations"}


async def balance(request: web.Request) -> web.Response:
    account = request.app[SERVER].accounts[key_of(request)]
    left = account.total - account.frozen
    text = (
        f'{{"code":200,"msg":"success","data":{{"balance":{left},"total":{account.total},'
        f'"frozen":{account.frozen},"currency":"USD"}}}}'
    )
    return web.Response(text=text, content_type="application/json")


async def record(request: web.Request) -> web.Response:
    key, job = key_of(request), request.app[SERVER].jobs.get(request.match_info["id"])
    if job is None or job.key != key:
        raise RefusedError(404, "no such record")
    charge = float(job.price) if job.state == "completed" else 0
    data = {"taskId": request.match_info["id"], "settled": bool(job.ended), "credits": charge}
    return web.json_response({"code": 200, "msg": "success", "data": data | {"currency": "USD"}})


async def upload(request: web.Request) -> web.Response:
    key_of(request)
    if request.content_type != "multipart/form-data":
        raise RefusedError(415, "multipart/form-data is needed")
    try:
        part = (await request.post()).get("file")
    except BAD_FORM:
        raise RefusedError(400, "the form is broken") from None
    if not isinstance(part, web.FileField):
        raise RefusedError(400, "file: a file is needed", "file")
    data = part.file.read()
    kind = "image/png" if data.startswith(b"\x89PNG") else "application/octet-stream"
    url = request.app[SERVER].keep(data, kind, base_of(request))
    return web.json_response({"code": 200, "msg": "success", "data": {"publicUrl": url}})


async def serve(request: web.Request) -> web.Response:
    found = request.app[SERVER].files.get(request.match_info["name"])
    if found is None:
        raise RefusedError(404, "no such file")
    return web.Response(body=found[0], content_type=found[1])
