"""The pictures of a job: their names, their URLs, their bytes, drawn again whenever asked for."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from mock_server.errors import ApiError
from mock_server.mock import Mock
from mock_server.pictures import Picture, Scene
from mock_server.rules.tasks import Job, is_over
from mock_server.store.memory import NO_SOURCES, Sources

__all__ = ["Named", "own_file", "picture_named", "result_urls", "scene_of"]

_NAME = re.compile(r"(?P<job>[A-Za-z0-9_-]{1,100})-(?P<index>[0-9]{1,6})\.[a-z]{1,8}")
_PATH = re.compile(r".*/(?P<kind>results|files)/(?P<name>[A-Za-z0-9_.-]{1,150})")


class Named(NamedTuple):
    """A job and which of its pictures is meant."""

    job: Job
    number: int


def result_urls(job: Job) -> list[str]:
    """The URLs of the job's pictures."""
    stem = f"{job.base_url}/results/{job.id}"
    ending = job.request.output_format
    return [f"{stem}-{index}.{ending}" for index in range(job.request.n)]


def scene_of(
    mock: Mock, job: Job, index: int, *, sources: Sources, partial: int | None = None
) -> Scene:
    """What the picture depends on, and nothing else: the same job gives the same bytes.

    It is as large, as transparent and of the format as was asked (Rules: size-exact, background,
    output-format).
    """
    request = job.request
    return Scene(
        width=job.size.width,
        height=job.size.height,
        prompt=request.prompt,
        tier=job.tier,
        quality=request.quality,
        price=_each(job.price, request.n),
        index=index,
        count=request.n,
        seed=mock.settings.seed,
        background=request.background,
        output_format=request.output_format,
        compression=None if request.output_format == "png" else request.output_compression,
        references=sources.references,
        mask=sources.mask,
        partial=partial,
        weight=mock.settings.weight,
        rough=request.quality == mock.quotes.cheapest(job.tier),
    )


@lru_cache(maxsize=256)
def _each(price: Decimal, n: int) -> str:
    """The price of one of n pictures, as it is written on it."""
    return f"{price / n:f}"


def _find(mock: Mock, name: str) -> Named | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    now, index = mock.clock.now(), int(match["index"])
    job = mock.store.task(match["job"], now) or mock.store.call(match["job"], now)
    if job is None or job.failure is not None or not is_over(job, now):
        return None
    is_this = index < job.request.n and name == result_urls(job)[index].rpartition("/")[2]
    return Named(job, index) if is_this else None


async def picture_named(mock: Mock, name: str) -> Picture | None:
    """The bytes behind a result's name (Rules: same-bytes, retention).

    None where there is no such result, or no more.
    """
    named = _find(mock, name)
    if named is None:
        return None
    expired_status = mock.faults.later(named.job.id).expired_status
    if expired_status is not None:
        raise ApiError(
            "The URL has expired", kind="not_found", code="expired", status=expired_status
        )
    sources = mock.store.sources(named.job.id)
    if sources is None and named.job.request.is_edit:
        return None
    scene = scene_of(mock, named.job, named.number, sources=sources or NO_SOURCES)
    return await mock.draw(scene)


async def own_file(mock: Mock, path: str) -> bytes | None:
    """The bytes behind the path of a URL that this server minted, if it is one."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    if match["kind"] == "files":
        upload = mock.store.upload(match["name"], mock.clock.now())
        return None if upload is None else upload.data
    picture = await picture_named(mock, match["name"])
    return None if picture is None else picture.data
