"""Every worked example of the contract that is a plain value, through the server's own rules."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from itertools import combinations_with_replacement, product
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import pytest
from PIL import Image

from mock_server.bodies import Body
from mock_server.clock import manual_clock
from mock_server.errors import ApiError
from mock_server.mock import Mock
from mock_server.pictures.examine import examine
from mock_server.references import bring_references, given_references
from mock_server.rules.access import read_key
from mock_server.rules.latency import timing
from mock_server.rules.pricing import price
from mock_server.rules.references import MaskLook, is_private, mask_problem
from mock_server.rules.requests import Operation, parse_ratio, read_image_request, size_in
from mock_server.rules.sizes import Size, breaches, parse_size, tier_of
from mock_server.rules.tasks import Failure, is_kept, state_of
from mock_server.schemas import compile_body
from mock_server.store.memory import NO_SOURCES, MemoryStore
from mock_server.webhooks import hook_payload
from tests.api import until
from tests.jobs import a_job
from tests.laws import own_contract
from tests.test_webhooks import a_called_back_job, a_postman, a_receiver

CONTRACT = own_contract()
TABLE = CONTRACT.request_table("provider")
Given = Mapping[str, Any]


class Example(NamedTuple):
    """One worked example and where it stands."""

    rule: str
    number: int
    given: Mapping[str, Any]
    expect: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule}-{self.number}"


def examples() -> Iterator[Example]:
    document: Any = CONTRACT.document
    for rule, entry in document["x-contract"]["rules"].items():
        for number, example in enumerate(entry["examples"], start=1):
            if not {"call", "path"} & set(example["given"]):
                yield Example(rule, number, example["given"], example["expect"])


def status_of(kind: str) -> int:
    return CONTRACT.errors.kinds[kind].status


def refused(decide: Callable[[], object]) -> ApiError | None:
    """What a rule raises, None where it accepts."""
    try:
        decide()
    except ApiError as error:
        return error
    return None


def accepted(decide: Callable[[], object]) -> Mapping[str, object]:
    error = refused(decide)
    return {"accepted": True} if error is None else {"status": status_of(error.kind)}


def _authorization(given: Given) -> Mapping[str, object]:
    access = read_key(given["authorization"], scheme=CONTRACT.auth_scheme)
    return {"status": status_of("unauthorized")} if access.key is None else {"key": access.key}


def _size(given: Given) -> Mapping[str, object]:
    if given.get("lattice") == "whole":
        return _lattice()
    size = parse_size(given["size"])
    if size is None:
        return {"broken": "size-grammar"}
    found = breaches(size, TABLE.sizes)
    if found:
        return {"broken": found[0].rule}
    tier = tier_of(size, TABLE.sizes).name
    return {"legal": True, "tier": tier, "width": size.width, "height": size.height}


def _lattice() -> Mapping[str, object]:
    step = TABLE.sizes.multiple
    sides = range(step, TABLE.sizes.long_edge_max + 1, step)
    candidates = [Size(*sides_of_one) for sides_of_one in product(sides, repeat=2)]
    legal = [size for size in candidates if not breaches(size, TABLE.sizes)]
    tiers = [tier_of(size, TABLE.sizes).name for size in legal]
    by_tier = {name: tiers.count(name) for name in dict.fromkeys(sorted(tiers))}
    return {"candidates": len(candidates), "legal": len(legal), "by_tier": by_tier}


def _request(**fields: Any) -> Any:
    whole = {"model": CONTRACT.models.supported[0], "prompt": "a red cube", **fields}
    return read_image_request(whole, Operation.CREATE, TABLE, has_references=False)


def _derived(given: Given) -> Mapping[str, object]:
    return {"size": str(size_in(_request(**given), TABLE, first=None))}


def _ratio(given: Given) -> Mapping[str, object]:
    try:
        ratio = parse_ratio(given["aspect_ratio"], TABLE.sizes)
    except ApiError as error:
        return {"broken": error.rule}
    return {"ratio": ratio}


def _resolution(given: Given) -> Mapping[str, object]:
    return {"tier": _request(**given).resolution}


def _price(given: Given) -> Mapping[str, object]:
    asked = _request(**{name: value for name, value in given.items() if value is not None})
    tier = tier_of(asked.size, TABLE.sizes).name
    return {"price": price(CONTRACT.prices, tier=tier, quality=asked.quality, n=asked.n)}


def _store(total: str) -> MemoryStore:
    return MemoryStore(balances={}, default_balance=Decimal(total), retention_s=1e6)


def _charged(given: Given) -> Mapping[str, object]:
    store = _store("1.00")
    job = a_job(id="req_1", fields={"size": "2048x2048"}, price=Decimal(given["held"]))
    store.submit(job, NO_SOURCES, 1000)
    failure = Failure("OTHER", "it failed") if given["ends"] == "failed" else None
    store.end("req_1", at=1100, failure=failure)
    return {"charged": 1 - store.balance("sk_test", 1100).total}


def _balance(given: Given) -> Mapping[str, object]:
    store, held = _store(given["total"]), list[tuple[str, str]]()
    for event, amount in map(str.split, given["events"]):
        if event == "hold":
            name = f"req_{len(held)}"
            held.append((name, amount))
            job = a_job(id=name, fields={"size": "2048x2048"}, price=Decimal(amount))
            assert store.submit(job, NO_SOURCES, 1000)
        else:
            name = next(name for name, price_held in held if price_held == amount)
            failure = Failure("OTHER", "it failed") if event == "release" else None
            assert store.end(name, at=1100, failure=failure)
    return dict(store.balance("sk_test", 1000)._asdict())


def _credit(given: Given) -> Mapping[str, object]:
    store, many = _store(given["balance"]), given.get("concurrent", 1)
    jobs = [a_job(id=f"task_{number}", price=Decimal(given["price"])) for number in range(many)]
    count = sum(store.submit(job, NO_SOURCES, 1000) for job in jobs)
    outcome: dict[str, object] = {"accepted": count if "concurrent" in given else bool(count)}
    return outcome if count == many else outcome | {"status": status_of("no_credit")}


def _alive(given: Given) -> Mapping[str, object]:
    alive = is_kept(1000, 1000 + given["age_s"], retention_s=CONTRACT.retention_s)
    return {"alive": alive, "status": 200 if alive else status_of("not_found")}


def _references(given: Given) -> Mapping[str, object]:
    urls = ["https://example.com/a.png"] * given["references"]
    schema = compile_body(CONTRACT.document, "GenerationRequest")
    half = len(urls) // 2
    body = Body({"image_urls": urls[:half], "images": urls[half:]}, (), schema)
    return accepted(lambda: given_references(body, CONTRACT.references))


def _mask(given: Given) -> Mapping[str, object]:
    seen = examine(_mask_file(given), max_pixels=CONTRACT.references.max_pixels)
    mask = MaskLook(seen.format, seen.width, seen.height, seen.has_alpha)
    if given["reference"] is None:
        return _mask_alone()
    reference = MaskLook("png", *(parse_size(given["reference"]) or (0, 0)), has_alpha=False)
    problem = mask_problem(mask, reference, CONTRACT.references)
    return {"accepted": True} if problem is None else {"status": status_of("bad_request")}


def _mask_file(given: Given) -> bytes:
    """A mask whose transparency, if any, is a channel or an entry of its palette."""
    alpha, file = given["mask_alpha"], BytesIO()
    mode = "P" if alpha == "palette" else "RGBA" if alpha else "RGB"
    told = {"transparency": 0} if mode == "P" else {}
    picture = Image.new(mode, parse_size(given["mask"]) or (0, 0))
    picture.save(file, given["mask_format"], **told)
    return file.getvalue()


def _mask_alone() -> Mapping[str, object]:
    schema = compile_body(CONTRACT.document, "GenerationRequest")
    body = Body({"mask_base64": "iVBORw0KGgo="}, (), schema)
    no_mock = cast("Mock", SimpleNamespace(contract=CONTRACT))
    return accepted(lambda: asyncio.run(bring_references(no_mock, body, [])))


def _private(given: Given) -> Mapping[str, object]:
    host = urlsplit(given["url"]).hostname
    return {"private": is_private(str(host), CONTRACT.references)}


def _steps(given: Given) -> Mapping[str, object]:
    """Whether some task, looked at so often, can have shown just these states."""
    observed = tuple(given["observed"])
    shown = set()
    for failure in (None, Failure("OTHER", "it failed")):
        job = a_job(failure=failure)
        for moments in combinations_with_replacement((1000, 1010, 1100), len(observed)):
            shown.add(tuple(state_of(job, now, CONTRACT.tasks) for now in moments))
    return {"kept": observed in shown}


def _fail_code(given: Given) -> Mapping[str, object]:
    return {"retryable": CONTRACT.tasks.retryable[given["fail_code"]]}


def _hook(given: Given) -> Mapping[str, object]:
    moments = asyncio.run(_attempts(given["answers"]))
    return {"attempts": len(moments), "attempts_at_s": moments, "last_at_s": moments[-1]}


async def _attempts(answers: list[int]) -> list[float]:
    """When a receiver that answers so was tried, counted from the first attempt."""
    clock = manual_clock(start=0)
    async with a_receiver(*answers) as receiver, a_postman(clock) as (postman, _):
        postman.deliver(a_called_back_job(receiver.url))
        tried = 0
        while True:
            await until(lambda: not postman.pending or len(postman.attempts) > tried)  # noqa: B023
            await until(lambda: not postman.pending or clock.sleeping == 1)
            if not postman.pending:
                return [attempt.at for attempt in postman.attempts]
            tried = len(postman.attempts)
            clock.advance(min(clock._sleepers.values()) - clock.now())


def _payload(given: Given) -> Mapping[str, object]:
    failure = Failure("OTHER", "it failed") if given["state"] == "failed" else None
    urls = [f"http://127.0.0.1/{number}" for number in range(given.get("n", 1))]
    told: Any = hook_payload(
        a_job(failure=failure), state=given["state"], param={"n": 1}, result_urls=urls,
        code=200, msg="success", null=CONTRACT.hooks.null_when[given["state"]],
    )  # fmt: skip
    data = told["data"]
    texts = [name for name in ("param", "resultJson") if isinstance(data[name], str)]
    empty = [name for name, value in data.items() if value is None]
    return {"null": empty, "json_strings": texts, "images": str(data["resultJson"]).count("http")}


def _seconds(given: Given) -> Mapping[str, object]:
    billed = CONTRACT.prices.billed_quality(given["quality"])
    triangle = CONTRACT.latencies.seconds[billed]
    times = timing(triangle, pending_share=CONTRACT.latencies.pending_share, u=float(given["u"]))
    return {"seconds": Decimal(times.total)}


RUNNERS: Mapping[str, Callable[[Given], Mapping[str, object]]] = {
    "auth": _authorization,
    "size-grammar": _size,
    "size-grid": _size,
    "size-edge": _size,
    "size-ratio": _size,
    "size-pixels": _size,
    "tier": _size,
    "derive": _derived,
    "aspect-ratio": _ratio,
    "resolution": _resolution,
    "price": _price,
    "price-auto": _price,
    "price-n": _price,
    "free-failure": _charged,
    "disconnect": _charged,
    "settle-once": _balance,
    "no-credit": _credit,
    "same-bytes": _alive,
    "retention": _alive,
    "max-references": _references,
    "mask": _mask,
    "private-url": _private,
    "task-steps": _steps,
    "fail-codes": _fail_code,
    "hook-once": _hook,
    "hook-retry": _hook,
    "hook-payload": _payload,
    "latency": _seconds,
}
# How an endpoint is judged that answers a failure with 200: the server decides nothing of that.
OF_THE_JUDGE = {"code-in-200"}


def _typed(expected: object, decided: object) -> object:
    """What is expected in the type of what was decided: amounts and ratios are written as text."""
    if isinstance(decided, Decimal):
        return Decimal(str(expected))
    return Fraction(str(expected)) if isinstance(decided, Fraction) else expected


@pytest.mark.parametrize("example", [e for e in examples() if e.rule not in OF_THE_JUDGE], ids=str)
def test_an_example_comes_out_as_worked_by_hand(example: Example) -> None:
    decided = RUNNERS[example.rule](example.given)
    expected = {name: _typed(value, decided[name]) for name, value in example.expect.items()}
    assert {name: decided[name] for name in expected} == expected


def test_every_rule_with_plain_examples_is_run_and_no_other() -> None:
    rules = {example.rule for example in examples()}
    assert rules == RUNNERS.keys() | OF_THE_JUDGE
