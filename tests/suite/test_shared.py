"""What a run shares, in memory and in a folder: the same promises, kept by both."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.exchange import Answer
from contracts.folder import SharedFolder
from contracts.memory import LARGE, SharedMemory
from contracts.shared import Shared

KINDS = [SharedMemory, SharedFolder]
LONG_S = 10.0


@pytest.fixture(params=KINDS, ids=["memory", "folder"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Shared:
    made: Shared = request.param(tmp_path)
    return made


def answer(body: bytes) -> Answer:
    return Answer(200, (("X-Request-Id", "req_1"),), body, 0.25, "")


def in_threads(work: Callable[[int], None], count: int = 8) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert not any(thread.is_alive() for thread in threads)


def test_a_value_is_computed_once_whoever_asks(shared: Shared) -> None:
    computed: list[int] = []

    def compute() -> int:
        computed.append(1)
        time.sleep(0.01)
        return 42

    found: list[object] = []
    assert not shared.is_done("it")
    in_threads(lambda _: found.append(shared.once("it", compute)))
    assert (len(computed), found) == (1, [42] * 8)
    assert shared.is_done("it")


@pytest.mark.parametrize("length", [0, 10, LARGE, LARGE + 1])
def test_an_answer_comes_back_as_it_was_and_is_asked_for_once(shared: Shared, length: int) -> None:
    sent: list[int] = []
    told = answer(b"\n\x00\xff"[:length] * (length // 3 + 1))

    def send() -> tuple[float, Answer]:
        sent.append(1)
        return 12.5, told

    assert not shared.has_answer("it")
    found: list[tuple[float, Answer]] = []
    in_threads(lambda _: found.append(shared.answer("it", send)))
    assert found == [(12.5, told)] * 8
    assert len(sent) == 1
    assert shared.has_answer("it")


def test_a_send_that_fails_is_tried_again_by_the_next(shared: Shared) -> None:
    def fail() -> tuple[float, Answer]:
        raise OSError("nobody there")

    with pytest.raises(OSError, match="nobody"):
        shared.answer("it", fail)
    assert shared.answer("it", lambda: (1.0, answer(b"x")))[1].body == b"x"


def test_a_lock_is_held_by_one(shared: Shared) -> None:
    inside, most = [0], [0]

    def work(_: int) -> None:
        for _ in range(20):
            with shared.lock("it"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0001)
                inside[0] -= 1

    in_threads(work)
    assert most == [1]


def test_sharers_are_inside_together_and_nobody_with_who_is_alone(shared: Shared) -> None:
    all_inside, sharers, alone_with = threading.Barrier(5), [0], [-1]

    def share(_: int) -> None:
        with shared.account("main"):
            sharers[0] += 1
            all_inside.wait(LONG_S)
            time.sleep(0.02)
            sharers[0] -= 1

    first = threading.Thread(target=in_threads, args=(share, 4))
    first.start()
    all_inside.wait(LONG_S)
    with shared.account("main", alone=True):
        alone_with[0] = sharers[0]
    first.join(LONG_S)
    assert alone_with == [0]


def test_a_lock_is_free_again_after_an_error(shared: Shared) -> None:
    for alone in (True, False):
        with pytest.raises(KeyError), shared.account("main", alone=alone):
            raise KeyError
    with shared.account("main", alone=True):
        pass


def test_values_and_journals_are_read_as_written(shared: Shared) -> None:
    assert shared.read("money") is None
    shared.write("money", {"spent": "0.5"})
    shared.write("money", {"spent": "1.5"})
    assert shared.read("money") == {"spent": "1.5"}
    assert list(shared.notes("sent")) == []
    in_threads(lambda number: shared.note("sent", ["GET", number]))
    assert sorted(shared.notes("sent"), key=str) == [["GET", number] for number in range(8)]
