"""Every worked example of the contract goes through the oracle and comes out as worked by hand."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import pytest

from contracts import samples
from contracts.examples import Case, calls, request_of, values
from contracts.exchange import Answer, Request
from contracts.oracle import access, answers, latency, ledger, prices, sizes, tasks, webhooks
from contracts.oracle.ratios import ratio_of
from contracts.oracle.references import is_private
from contracts.oracle.requests import Expectation, expectation
from contracts.size import Size
from contracts.spec import Spec
from tests.suite.variants import own

Given = Mapping[str, Any]
Verdict = Callable[[Spec, Given], Mapping[str, object]]

CALLS = [case for case in calls(own()) if case.example.given["call"] != "uploadFile"]


@pytest.mark.parametrize("case", CALLS, ids=str)
def test_a_call_is_expected_as_worked_by_hand(case: Case) -> None:
    spec, given, expect = own(), case.example.given, case.example.expect
    found = expectation(spec, request_of(spec, given), openai=given.get("profile") == "openai")
    checked = {word: _CALL_WORDS[word](found) for word in expect if word in _CALL_WORDS}
    assert checked == {word: expect[word] for word in checked}
    assert set(expect) - set(checked) <= set(_CHECKED_BELOW) | _ONLY_ON_THE_WIRE
    for word in set(expect) & set(_CHECKED_BELOW):
        assert _CHECKED_BELOW[word](found, expect[word]), (word, found)


@pytest.mark.parametrize("case", list(values(own())), ids=str)
def test_a_value_is_decided_as_worked_by_hand(case: Case) -> None:
    expect = dict(case.example.expect)
    decided = _DECIDE[case.rule](own(), cast("Given", case.example.given))
    assert {word: decided[word] for word in expect} == expect


def test_each_rule_has_an_example_that_the_oracle_decides_or_that_is_a_path() -> None:
    undecided = {case.rule for case in values(own())} - _DECIDE.keys()
    assert not undecided


# What an example may say of an accepted or refused call, as the oracle says it.
_CALL_WORDS: Mapping[str, Callable[[Expectation], object]] = {
    "mode": lambda found: found.mode,
    "size": lambda found: str(found.best),
    "images": lambda found: found.images,
    "format": lambda found: found.image_format,
    "alpha": lambda found: found.alpha,
    "model_type": lambda found: found.model_type,
    "fail_code": lambda found: found.fail_code,
}
_CHECKED_BELOW: Mapping[str, Callable[[Expectation, Any], bool]] = {
    "status": lambda found, status: found.statuses == {status},
    "param": lambda found, param: param in found.params,
    "price": lambda found, price: found.price == Decimal(price),
    "fields": lambda found, fields: found.shown == set(fields),
    "state": lambda found, state: state in {"pending", found.ends},
}
# The words of a message are the server's, events are a stream's.
_ONLY_ON_THE_WIRE = {"message", "events"}


def _size_verdict(spec: Spec, given: Given) -> Mapping[str, object]:
    if given.get("lattice") == "whole":
        legal = sizes.legal_sizes(spec)
        counts = {tier: len(found) for tier, found in legal.items()}
        candidates = sum(1 for _ in sizes.candidates(spec))
        return {"candidates": candidates, "legal": sum(counts.values()), "by_tier": counts}
    found = sizes.verdict(spec, given["size"])
    (broken,) = found.broken or {None}
    width, height = found.size or (None, None)
    return {
        "legal": found.legal,
        "broken": broken,
        "tier": found.tier,
        "width": width,
        "height": height,
    }


def _derived(spec: Spec, given: Given) -> Mapping[str, object]:
    size = sizes.derived(spec, given["aspect_ratio"], given["resolution"])
    return {"size": str(size)}


def _ratio(spec: Spec, given: Given) -> Mapping[str, object]:
    ratio = ratio_of(spec, given["aspect_ratio"])
    shown = f"{ratio.numerator}/{ratio.denominator}" if ratio else None
    simple = "21/9" if ratio == Fraction(21, 9) else shown
    return {"ratio": simple, "broken": None if ratio else "aspect-ratio"}


def _price(spec: Spec, given: Given) -> Mapping[str, object]:
    size = Size.parse(given["size"])
    assert size
    cost = prices.price(spec, size, given["quality"], given["n"])
    return {"price": str(cost)}


def _balance(spec: Spec, given: Given) -> Mapping[str, object]:
    events = [(word, Decimal(amount)) for word, amount in map(str.split, given["events"])]
    found = ledger.replayed(Decimal(given["total"]), events)
    shown = {name: getattr(found, name) for name in ("total", "frozen", "balance")}
    return {name: _as_written(amount) for name, amount in shown.items()}


def _as_written(amount: Decimal) -> str:
    return str(amount) if amount else "0"


def _credit(spec: Spec, given: Given) -> Mapping[str, object]:
    many = given.get("concurrent", 1)
    count = ledger.accepted(Decimal(given["balance"]), Decimal(given["price"]), concurrent=many)
    refusal = None if count == many else spec.facts.status.errors["no_credit"].status
    return {"accepted": count if "concurrent" in given else bool(count), "status": refusal}


def _charged(spec: Spec, given: Given) -> Mapping[str, object]:
    return {"charged": _as_written(ledger.charged(Decimal(given["held"]), given["ends"]))}


def _references(spec: Spec, given: Given) -> Mapping[str, object]:
    urls = ["https://example.com/a.png"] * given["references"]
    return _acceptance(spec, {"image_urls": urls})


def _mask(spec: Spec, given: Given) -> Mapping[str, object]:
    size = Size.parse(given["mask"])
    assert size
    if given["mask_alpha"] == "palette":
        mask = samples.palette_mask(size)
    else:
        mode = "RGBA" if given["mask_alpha"] else "RGB"
        mask = samples.opaque_mask(size, mode=mode, image_format=given["mask_format"])
    fields = {"mask_base64": samples.text_of(mask)}
    reference = Size.parse(given["reference"] or "")
    if reference:
        fields["image_base64"] = samples.text_of(samples.gradient(reference))
    return _acceptance(spec, fields)


def _acceptance(spec: Spec, fields: Mapping[str, Any]) -> Mapping[str, object]:
    body = {**spec.example_request, "size": "1024x1024", **fields}
    found = expectation(spec, Request("POST", "/images/generations", fields=body))
    (status,) = found.statuses
    return {"accepted": found.accepted, "status": status}


def _hook(spec: Spec, given: Given) -> Mapping[str, object]:
    moments = webhooks.timeline(spec, given["answers"], always=given.get("always", False))
    return {"attempts": len(moments), "attempts_at_s": moments, "last_at_s": moments[-1]}


def _payload(spec: Spec, given: Given) -> Mapping[str, object]:
    facts = spec.facts.hook_payload
    empty = list(facts.null_when[given["state"]])
    texts = [name for name in facts.json_strings if name not in empty]
    return {"null": empty, "json_strings": texts, "images": given.get("n", 1)}


def _authorization(spec: Spec, given: Given) -> Mapping[str, object]:
    key = access.key_of(spec, given["authorization"])
    return {"key": key, "status": spec.facts.status.errors["unauthorized"].status}


def _alive(spec: Spec, given: Given) -> Mapping[str, object]:
    alive = access.is_alive(spec, given["age_s"])
    return {"alive": alive, "status": 200 if alive else 404}


def _steps(spec: Spec, given: Given) -> Mapping[str, object]:
    return {"kept": not tasks.step_problems(spec, given["observed"])}


def _fail_code(spec: Spec, given: Given) -> Mapping[str, object]:
    return {"retryable": spec.facts.fail_codes.retryable[given["fail_code"]]}


def _failure_in_200(spec: Spec, given: Given) -> Mapping[str, object]:
    body = str(given["body"]).replace("'", '"').encode()
    answer = Answer(given["status"], (), body, 0.0)
    return {"failure": answers.is_failure_in_200(spec, answer)}


def _seconds(spec: Spec, given: Given) -> Mapping[str, object]:
    found = latency.seconds(spec, given["quality"], float(given["u"]))
    return {"seconds": f"{found:.6f}".rstrip("0").rstrip(".")}


_DECIDE: Mapping[str, Verdict] = {
    "auth": _authorization,
    "size-grammar": _size_verdict,
    "size-grid": _size_verdict,
    "size-edge": _size_verdict,
    "size-ratio": _size_verdict,
    "size-pixels": _size_verdict,
    "tier": _size_verdict,
    "derive": _derived,
    "aspect-ratio": _ratio,
    "resolution": lambda spec, given: {"tier": sizes.tier_named(spec, given["resolution"])},
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
    "private-url": lambda spec, given: {"private": is_private(spec, given["url"])},
    "task-steps": _steps,
    "fail-codes": _fail_code,
    "hook-once": _hook,
    "hook-retry": _hook,
    "hook-payload": _payload,
    "code-in-200": _failure_in_200,
    "latency": _seconds,
}
