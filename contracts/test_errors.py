"""Refusals: their status, their words, and that nothing a client sends breaks the server."""

import json
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.asking import ABSENT, default_size, edit, expected_of, generation, probe
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court, must_be_offered
from contracts.decode import Json
from contracts.exchange import BOUNDARY, Exchange, Key, Request
from contracts.oracle.prices import largest
from contracts.strategies import Faulty, faulty_fields

JUNK = 120
GENERATIONS, EDITS = "/images/generations", "/images/edits"
JSON_TYPE = "application/json"


def faulty(world: World) -> Iterator[Probe]:
    """Valid requests with one fault each, over every field; as pictures and as tasks."""
    for each in _of_profile(world, faulty_fields(world.spec)):
        fields = dict(each.fields)
        with_size: dict[str, Json] = {"size": str(default_size(world)), **fields}
        sync = generation(world, **with_size)
        yield probe(world, each.name[:80], sync, rule="status")
        if "size" not in fields:
            yield probe(world, f"{each.name[:80]} task", generation(world, **fields), rule="status")


def faulty_forms(world: World) -> Iterator[Probe]:
    """The same in forms, where a fault can be written there.

    Empty texts are left out, but for the prompt: whether they count as absent is not said.
    """
    for each in _of_profile(world, faulty_fields(world.spec)):
        texts = {
            name: value
            for name, value in each.fields.items()
            if isinstance(value, str) and (value or name == "prompt")
        }
        if texts and _is_form_field(world, texts):
            with_size: dict[str, Json] = {"size": str(default_size(world)), **texts}
            request = edit(world, **with_size)
            if not expected_of(world, request).accepted:
                yield probe(world, each.name[:80], request, rule="status")


def broken_bodies(world: World) -> Iterator[Probe]:
    """Bodies that are no JSON, or no JSON object."""
    whole = json.dumps(dict(world.spec.example_request)).encode()
    deep = b"[" * 5000 + b"]" * 5000
    prompt = str(world.spec.example_request["prompt"])
    bodies = {
        "cut": whole[:-1],
        "empty": b"",
        "text": b"hello",
        "list": b"[1, 2]",
        "number": b"42",
        "string": b'"text"',
        "null": b"null",
        "single quotes": whole.replace(b'"', b"'"),
        "no utf-8": whole.replace(prompt.encode(), b"\xff\xfe"),
        "deep": deep,
        "deep object": b'{"prompt":' * 3000 + b"1" + b"}" * 3000,
    }
    for path in (GENERATIONS, EDITS, f"{GENERATIONS}-sync"):
        for name, body in bodies.items():
            request = Request("POST", path, raw=body, content_type=JSON_TYPE)
            yield _refused(world, f"{path} {name}", request)


def other_media_types(world: World) -> Iterator[Probe]:
    """Bodies of media types that the operation does not take."""
    fields = json.dumps({**world.spec.example_request, "size": str(default_size(world))}).encode()
    for path in (GENERATIONS, f"{GENERATIONS}-sync", EDITS):
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            request = Request("POST", path, raw=fields, content_type=media_type)
            yield _refused(world, f"{path} {media_type}", request)
    form = edit(world, size=default_size(world))
    yield _refused(world, "form on generations", replace(form, path=GENERATIONS))
    upload = Request("POST", "/files", raw=b"hello", content_type="text/plain")
    yield _refused(world, "upload as text", upload)


def broken_forms(world: World) -> Iterator[Probe]:
    """Multipart bodies that are cut or have no boundary."""
    whole = edit(world, size=default_size(world)).body() or b""
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    bodies = {
        "no boundary": (whole, "multipart/form-data"),
        "other boundary": (whole, "multipart/form-data; boundary=other"),
        "empty": (b"", media_type),
        "cut": (whole[: len(whole) // 2], media_type),
    }
    for name, (body, kind) in bodies.items():
        yield _refused(world, name, Request("POST", EDITS, raw=body, content_type=kind))


def unknown_paths(world: World) -> Iterator[Probe]:
    """Paths that nobody serves."""
    paths = {
        "nowhere": Request("GET", "/nowhere"),
        "variations": Request("POST", "/images/variations", fields={}),
        "chat": Request("POST", "/chat/completions", fields={}),
        "deeper": Request("GET", "/images/edits/1/2/3"),
        "model": Request("GET", "/models/no-such-model"),
    }
    for name, request in paths.items():
        yield Probe(name, request)


def wrong_methods(world: World) -> Iterator[Probe]:
    """Methods that a path does not take."""
    pairs = [
        ("PUT", GENERATIONS), ("DELETE", GENERATIONS), ("PATCH", GENERATIONS),
        ("GET", EDITS), ("PUT", EDITS), ("POST", "/models"), ("DELETE", "/models"),
        ("POST", "/balance"), ("GET", f"{GENERATIONS}-sync"),
    ]  # fmt: skip
    for method, path in pairs:
        fields: dict[str, Json] | None = {} if method in {"POST", "PUT", "PATCH"} else None
        yield Probe(f"{method} {path}", Request(method, path, fields=fields))


@rule(
    "status",
    "error-shape",
    "error-precise",
    "n/types",
    "price/unknown-quality",
    "prompt",
    "callback-url",
)
@probes(faulty)
def test_a_request_with_one_fault_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("status", "error-shape", "error-precise", "edit-parts")
@probes(faulty_forms)
def test_a_form_with_one_fault_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("status")
@probes(broken_bodies)
def test_a_body_that_is_no_json_object_is_refused(probe: Probe, court: Court) -> None:
    _judge_status(court, probe, "bad_request")


@rule("status")
@probes(other_media_types)
def test_another_media_type_is_refused(probe: Probe, court: Court) -> None:
    _judge_status(court, probe, "unsupported_media_type")


@rule("status")
@probes(broken_forms)
def test_a_broken_form_is_refused(probe: Probe, court: Court) -> None:
    _judge_status(court, probe, "bad_request")


@rule("status", "error-shape")
@probes(unknown_paths)
def test_an_unknown_path_is_not_found(probe: Probe, court: Court) -> None:
    _judge_status(court, probe, "not_found")


@rule("status", "error-shape")
@probes(wrong_methods)
def test_a_wrong_method_is_refused_with_those_allowed(probe: Probe, court: Court) -> None:
    _judge_status(court, probe, "method_not_allowed")


@rule("status")
@bill(Level.FREE, requests=6)
def test_each_answer_has_an_id_of_its_own(court: Court) -> None:
    """Refusals as well."""
    sent = [court.target.get(path) for path in ("/models", "/models/none") for _ in range(3)]
    ids = [exchange.answer.request_id for exchange in sent]
    wrong = [] if len(set(ids)) == len(ids) else [f"x-request-id: {', '.join(map(str, ids))}"]
    court.judge("status", sent[0], expected="another x-request-id each time", problems=wrong)


@rule("status/no-5xx", "error-shape")
@bill(Level.FREE, requests=JUNK, largest=lambda world: largest(world.spec))
def test_no_junk_breaks_the_server(world: World, court: Court) -> None:
    """Junk in one field of a request that is refused anyhow, for want of a prompt."""
    names = sorted(set(world.spec.fields["GenerationRequest"]) - {"prompt"})

    @settings(max_examples=JUNK)
    @given(name=st.sampled_from(names), value=junk(), path=st.sampled_from((GENERATIONS, EDITS)))
    def survives(name: str, value: Json, path: str) -> None:
        fields: dict[str, Json] = {name: value}
        request = generation(world, prompt=ABSENT, **fields)
        sent = replace(request, path=path)
        exchange = court.target.send(sent, largest=largest(world.spec))
        wrong = [] if 400 <= exchange.answer.status < 500 else [_told(exchange)]
        told = "4xx: there is no prompt"
        court.judge("prompt", exchange, expected=told, problems=wrong)

    survives()


@rule("status/no-5xx")
@bill(Level.FREE, requests=8, largest=lambda world: largest(world.spec))
def test_no_strange_value_breaks_the_server(court: Court) -> None:
    """In a request that is refused anyhow, for its size."""
    prompts = ("a\0b", "\ud800", "\udc00 and more", "\uffff", "\u202e" * 50, "a\u0300" * 500)
    strange: list[dict[str, Json]] = [{"prompt": prompt} for prompt in prompts]
    strange += [{"n": 10**400}, {"n": 1e308}]
    for fields in strange:
        request = generation(court.world, **{"size": "1000x1000", **fields})
        # Escaped, half a letter comes through the decoder of JSON.
        escaped = json.dumps(request.fields).encode()
        sent = replace(request, fields=None, raw=escaped, content_type="application/json")
        exchange = court.target.send(sent, largest=largest(court.world.spec))
        wrong = [] if 400 <= exchange.answer.status < 500 else [_told(exchange)]
        told = "4xx: the size is illegal"
        court.judge("status/no-5xx", exchange, expected=told, problems=wrong)


@rule("status")
@bill(Level.FREE, requests=3, largest=lambda world: largest(world.spec))
def test_json_may_name_its_encoding(court: Court) -> None:
    refused = court.world.spec.facts.status.of("bad_request")
    for media_type in ("application/json; charset=utf-8", "application/json;charset=UTF-8"):
        request = generation(court.world, size="1000x1000")
        asked = replace(request, content_type=media_type)
        exchange = court.target.send(asked, largest=largest(court.world.spec))
        wrong = [] if exchange.answer.status == refused else [_told(exchange)]
        told = f"{refused} for an illegal size, whatever '{media_type}' adds"
        court.judge("status", exchange, expected=told, problems=wrong)


@rule("status/no-5xx")
@bill(Level.FREE, requests=36)
def test_no_strange_query_breaks_the_server(court: Court) -> None:
    queries = (
        "%00",
        "%ff",
        "a" * 4000,
        "..%2f..",
        "1;drop",
        "it's",
        "%22",
        "%F0%9F%A6%8A",
        "null",
        "-1",
        "{}",
        "[]",
    )
    for query in queries:
        for path in (f"{GENERATIONS}?task_id={query}", f"/records/{query}", f"/models/{query}"):
            exchange = court.target.get(path)
            status = exchange.answer.status
            wrong = [] if 400 <= status < 500 else [_told(exchange)]
            court.judge("status/no-5xx", exchange, expected="4xx", problems=wrong)


@rule("code-in-200")
@bill(Level.FREE, requests=3)
def test_no_failure_hides_in_a_200(court: Court) -> None:
    """The law is judged on every answer; here on those that must fail."""
    for request in (
        generation(court.world, size="1000x1000"),
        Request("GET", f"{GENERATIONS}?task_id=nobody-knows-this"),
        Request("GET", "/models", key=Key.NONE),
    ):
        exchange = court.target.send(request, largest=largest(court.world.spec) * 0)
        hidden = exchange.answer.status < 400
        problems = [f"HTTP status {exchange.answer.status}"] if hidden else []
        told = "an HTTP status of 4xx for what fails"
        court.judge("code-in-200", exchange, expected=told, problems=problems)


def junk() -> st.SearchStrategy[Json]:
    """Any JSON value, strange texts and numbers more often."""
    numbers = st.sampled_from([10**400, -1, 0, 1e308, 2**63, -(2**63), 0.1])
    texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
        ["\0", "a" * 10_000]
    )
    leaves: st.SearchStrategy[Json] = st.booleans() | numbers | texts
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    )


def _of_profile(world: World, found: list[Faulty]) -> Iterator[Faulty]:
    """Those that the target's profile refuses."""
    for each in found:
        fields: dict[str, Json] = {"size": str(default_size(world)), **each.fields}
        if not expected_of(world, generation(world, **fields)).accepted:
            yield each


def _is_form_field(world: World, texts: dict[str, str]) -> bool:
    """Whether all are text fields of the form; references in a form are files."""
    known = world.spec.fields["EditFormRequest"]
    forms, parts = world.spec.facts.reference_forms, world.spec.facts.edit_parts
    files = {*forms.single, *forms.many, *parts.image_parts, parts.mask_part}
    return all(name in known and name not in files for name in texts)


def _refused(world: World, name: str, request: Request) -> Probe:
    return Probe(name, request, largest=largest(world.spec))


def _judge_status(court: Court, probe: Probe, kind: str) -> None:
    exchange = court.target.exchange(probe)
    must_be_offered(exchange)
    status = court.world.spec.facts.status.errors[kind].status
    wrong = [] if exchange.answer.status == status else [_told(exchange)]
    court.judge("status", exchange, expected=f"{status} ({kind.replace('_', ' ')})", problems=wrong)


def _told(exchange: Exchange) -> str:
    answer = exchange.answer
    return f"status {answer.status}: {answer.message}" if answer.status else answer.failure
