"""Requests are begun where they are read, and mostly answered there.

aiohttp wakes the task of a connection for each request, and that makes a task for the request: two
turns of the event loop, for answers of which most wait for nothing. Here the handler is begun as
soon as its request is there. When it comes to its end without waiting, the answer leaves at once;
when it waits, what is left of it goes on in a task, as aiohttp would have it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from types import coroutine
from typing import Any, Generic, NamedTuple, TypeVar, cast

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, _ErrInfo

__all__ = ["Begun", "EagerParser", "begin", "in_a_task"]

T = TypeVar("T")
_Messages = tuple[Sequence[tuple[RawRequestMessage, StreamReader]], bool, bytes]
_Parser = HttpParser[RawRequestMessage]


class EagerParser:
    """aiohttp's parser, which keeps to itself the requests that are answered already."""

    def __init__(
        self, parser: _Parser, answered: Callable[[RawRequestMessage, StreamReader], bool]
    ) -> None:
        self._parser = parser
        self._answered = answered

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a parser has
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> _Messages:
        """The requests in what came that are still to be answered."""
        messages, upgraded, tail = self._parser.feed_data(data)
        while messages and not upgraded:
            done = self._begin(messages)
            is_full = len(messages) >= MAX_MSG_QUEUE_SIZE
            left = messages[done:]
            if not (done and is_full):
                return left, upgraded, tail
            # The parser stopped where it was full, and has room again for what came behind.
            try:
                messages, upgraded, tail = self._parser.feed_data(b"")
            except HttpProcessingError as error:
                if not left:
                    raise
                wrong = _ErrInfo(status=error.code, exc=error, message=error.message)
                return [*left, (cast(RawRequestMessage, wrong), EMPTY_PAYLOAD)], False, b""
            if left:
                return [*left, *messages], upgraded, tail
        return messages, upgraded, tail

    def _begin(self, messages: Sequence[tuple[RawRequestMessage, StreamReader]]) -> int:
        """Begin requests as long as they are answered at once; how many were."""
        for done, message in enumerate(messages):
            if not self._answered(*message):
                return done
            self._parser.message_consumed()
        return len(messages)


class Begun(NamedTuple, Generic[T]):
    """What became of a coroutine that was begun: its result, or what it raised, or waits for."""

    result: T | None
    error: Exception | None = None
    work: Coroutine[Any, Any, T] | None = None
    awaited: object = None

    def rest(self) -> Awaitable[T]:
        """What is left of it, to be awaited once."""
        if self.work is None:
            return _ended(self.result, self.error)
        return _going_on(self.work, self.awaited)


def begin(work: Coroutine[Any, Any, T]) -> Begun[T]:
    """Run the coroutine until it waits for the first time, outside of any task.

    What it raises is raised where the rest of it is awaited.
    """
    try:
        awaited = work.send(None)
    except StopIteration as end:
        return Begun(end.value)
    except Exception as error:  # noqa: BLE001
        return Begun(None, error)
    return Begun(None, None, work, awaited)


@coroutine
def _ended(result: Any, error: Exception | None = None) -> Generator[Any, Any, Any]:  # noqa: ANN401
    """As a coroutine what waits for nothing any more."""
    yield from ()
    if error is not None:
        raise error
    return result


@coroutine
def _going_on(work: Coroutine[Any, Any, T], awaited: object) -> Generator[object, Any, T]:
    """What is left of a coroutine that waits for this already."""
    try:
        while True:
            try:
                given = yield awaited
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's to handle
                awaited = work.throw(error)
            else:
                awaited = work.send(given)
    except StopIteration as end:
        result: T = end.value
        return result


async def in_a_task() -> None:
    """Return when what runs has a task, which time-outs need: a begun request has none."""
    if asyncio.current_task() is None:
        await asyncio.sleep(0)
