"""Who may call, and under which paths."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from contracts.asking import default_size, edit, expected_of, generation, probe, task, wait
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court, must_be_offered
from contracts.exchange import Exchange, File, Key, Request, at
from contracts.judge import NotJudgedError
from contracts.oracle.prices import largest
from contracts.run import Run
from contracts.samples import SAMPLE, gradient

UNKNOWN = "sk_contracts_nobody_knows_this_key"


def operations(world: World) -> dict[str, Request]:
    """One well-formed request of every operation that needs a key."""
    size = default_size(world)
    model = world.spec.facts.model.supported[0]
    part = world.spec.facts.files.part
    return {
        "generation": generation(world, size=size),
        "task": generation(world),
        "edit": edit(world, size=size),
        "wait": wait(world),
        "poll": Request("GET", "/images/generations?task_id=nobody-knows-this"),
        "poll without id": Request("GET", "/images/generations"),
        "video poll": Request("GET", "/video/generations?task_id=nobody-knows-this"),
        "models": Request("GET", "/models"),
        "model": Request("GET", f"/models/{model}"),
        "balance": Request("GET", "/balance"),
        "record": Request("GET", "/records/nobody-knows-this"),
        "upload": Request("POST", "/files", parts=((part, File(gradient(SAMPLE))),)),
    }


def makes_pictures(request: Request) -> bool:
    """Whether the request is one that costs money if it is taken."""
    return request.method == "POST" and request.path.startswith("/images/")


def bad_authorizations(world: World) -> dict[str, tuple[tuple[str, str], ...]]:
    """Headers that name no key."""
    scheme, key = world.spec.facts.auth.scheme, UNKNOWN
    texts = {
        "Basic": "Basic c2tfdGVzdDo=",
        "Token": f"Token {key}",
        "no scheme": key,
        "empty key": f"{scheme} ",
        "scheme alone": scheme,
        "empty": "",
        "latin-1": f"{scheme} clé",
        "utf-8": f"{scheme} " + "ключ".encode().decode("latin-1"),
        "no blank": f"{scheme}{key}",
    }
    return {"missing": (), **{name: (("Authorization", text),) for name, text in texts.items()}}


def unauthorized(world: World) -> Iterator[Probe]:
    """Every operation without a key, and one of each kind with every bad header."""
    for name, request in operations(world).items():
        yield _keyless(world, f"{name} missing", request, ())
    for title, headers in bad_authorizations(world).items():
        for name in ("generation", "task", "edit", "poll", "models"):
            if title != "missing":
                yield _keyless(world, f"{name} {title}", operations(world)[name], headers)


def strangers(world: World) -> Iterator[Probe]:
    """Every operation with a key that nobody knows."""
    header = (("Authorization", f"{world.spec.facts.auth.scheme} {UNKNOWN}"),)
    for name, request in operations(world).items():
        yield _keyless(world, name, request, header)


@rule("auth")
@probes(unauthorized)
def test_without_a_key_nothing_is_served(probe: Probe, court: Court) -> None:
    _judge_refused(court, probe)


@rule("auth")
@probes(strangers)
def test_an_unknown_key_is_refused(probe: Probe, court: Court, run: Run) -> None:
    if run.state.control is not None and run.state.control.open_accounts:
        raise NotJudgedError("the target says that it takes any key")
    _judge_refused(court, probe)


@rule("auth/open-accounts")
@bill(Level.FREE, requests=1)
def test_a_mock_with_open_accounts_takes_any_key(court: Court, run: Run) -> None:
    if run.state.control is None or not run.state.control.open_accounts:
        raise NotJudgedError("it is about the project's mock with open accounts")
    header = (("Authorization", f"{court.world.spec.facts.auth.scheme} {UNKNOWN}"),)
    exchange = court.target.send(Request("GET", "/models", headers=header, key=Key.NONE))
    wrong = [] if exchange.answer.status == 200 else [f"status {exchange.answer.status}"]
    court.judge("auth/open-accounts", exchange, expected="200 for any key", problems=wrong)


@rule("auth")
@bill(Level.FREE, requests=4)
def test_the_scheme_may_be_written_in_any_case(court: Court, run: Run) -> None:
    scheme = court.world.spec.facts.auth.scheme
    for written in (scheme.lower(), scheme.upper(), scheme.swapcase()):
        headers = (("Authorization", f"{written} {run.keys[Key.MAIN]}"),)
        exchange = court.target.send(Request("GET", "/models", headers=headers, key=Key.NONE))
        hidden = replace(exchange, request=_hidden(exchange.request, written))
        wrong = [] if exchange.answer.status == 200 else [f"status {exchange.answer.status}"]
        court.judge("auth", hidden, expected=f"200 for the scheme '{written}'", problems=wrong)


@rule("auth")
@bill(Level.FREE, requests=13)
def test_a_key_is_taken_whole_and_from_its_header_alone(court: Court, run: Run) -> None:
    """Half a key, a longer one, one in other letters; and the right one elsewhere or otherwise."""
    scheme, key = court.world.spec.facts.auth.scheme, run.keys[Key.MAIN]
    is_open = run.state.control is not None and run.state.control.open_accounts
    near = {"half of the key": key[: len(key) // 2], "a longer key": f"{key}x"}
    near |= {"a word before the key": f"x {key}"}
    near |= {"the key in other letters": key.swapcase()} if key.swapcase() != key else {}
    for title, other in near.items() if not is_open else ():
        _judge_stranger(court, title, "/models", (("Authorization", f"{scheme} {other}"),))
    for word in ("Basic", "Token", "Key", f"{scheme}s"):
        _judge_stranger(
            court, f"the key as {word}", "/models", (("Authorization", f"{word} {key}"),)
        )
    for name in ("api_key", "key", "access_token"):
        _judge_stranger(court, f"the key as ?{name}=", f"/models?{name}={key}", ())
    for name in ("X-Api-Key", "Api-Key"):
        _judge_stranger(court, f"the key as {name}", "/models", ((name, key),))


@rule("auth")
@bill(Level.FREE, requests=60)
def test_a_refused_key_creates_and_costs_nothing(court: Court) -> None:
    target, world = court.target, court.world
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        sent = [target.send(each.request.again(1), alone=True) for each in unauthorized(world)]
        after = target.balance()
    wrong = [] if before == after else [f"total went from {before.total} to {after.total}"]
    told = "the same balance after requests without a key"
    court.judge("auth", sent[0], expected=told, problems=wrong)


@rule("auth/key-is-account", "poll-errors")
@bill(Level.SMOKE, requests=6, largest=lambda world: expected_of(world, generation(world)).price)
def test_another_key_does_not_see_a_task(court: Court, run: Run) -> None:
    if Key.SECOND not in run.keys:
        raise NotJudgedError("it needs a second account (--second-key)")
    target, world = court.target, court.world
    made = probe(world, "watched", task(world), rule="auth/key-is-account")
    history = target.history(made)
    task_id = history.created.answer.task_id
    if task_id is None:
        raise NotJudgedError("no task was made")
    for path in (f"/images/generations?task_id={task_id}", f"/video/generations?task_id={task_id}"):
        _judge_hidden(court, target.get(path, key=Key.SECOND))
    if target.record(task_id).answer.status == 200:
        _judge_hidden(court, target.record(task_id, key=Key.SECOND))


@rule("auth/key-is-account")
@bill(Level.SMOKE, requests=3, largest=lambda world: expected_of(world, generation(world)).price)
def test_another_key_does_not_see_the_record_of_a_call(court: Court, run: Run) -> None:
    if Key.SECOND not in run.keys:
        raise NotJudgedError("it needs a second account (--second-key)")
    world = court.world
    made = probe(world, "seen", generation(world, size=default_size(world)), rule="auth")
    name = court.target.exchange(made).answer.request_id
    if name is None or court.target.record(name).answer.status != 200:
        raise NotJudgedError("the target offers no records of synchronous calls")
    _judge_hidden(court, court.target.record(name, key=Key.SECOND))


@rule("auth")
@bill(Level.SMOKE, requests=3, largest=lambda world: expected_of(world, generation(world)).price)
def test_a_record_is_not_told_without_a_key(court: Court) -> None:
    """One that is there: of others a target may say that it has none, whoever asks."""
    made = probe(court.world, "watched", task(court.world), rule="auth")
    path = f"/records/{court.target.history(made).created.answer.task_id}"
    if court.target.get(path).answer.status != 200:
        raise NotJudgedError("the target offers no records")
    asked = court.target.get(path, key=Key.NONE)
    unauthorized_status = court.world.spec.facts.status.of("unauthorized")
    wrong = [] if asked.answer.status == unauthorized_status else [_told(asked)]
    told = f"{unauthorized_status} for a record without a key"
    court.judge("auth", asked, expected=told, problems=wrong)


@rule("auth/key-is-account")
@bill(Level.FULL, requests=4, largest=lambda world: expected_of(world, generation(world)).price)
def test_each_key_has_its_own_balance(court: Court, run: Run) -> None:
    if Key.SECOND not in run.keys:
        raise NotJudgedError("it needs a second account (--second-key)")
    target, world = court.target, court.world
    request = replace(generation(world, size=default_size(world)), key=Key.SECOND)
    price = expected_of(world, request).price
    with (
        target.shared.account(Key.MAIN, alone=True),
        target.shared.account(Key.SECOND, alone=True),
    ):
        first, second = target.balance(), target.balance(Key.SECOND)
        exchange = target.send(request, price=price, alone=True)
        first_after, second_after = target.balance(), target.balance(Key.SECOND)
    problems = []
    if first_after != first:
        problems.append(f"the first account's total went from {first.total} to {first_after.total}")
    if second.total - second_after.total != price:
        problems.append(f"the second account lost ${second.total - second_after.total}")
    told = f"${price} from the account of the second key alone"
    court.judge("auth/key-is-account", exchange, expected=told, problems=problems)


@rule("base", "base/short-prefix", "auth", "status")
@bill(Level.FREE, requests=5)
def test_both_prefixes_serve_the_same(court: Court, run: Run) -> None:
    """Only where the target lies under one of the contract's own prefixes."""
    base, prefixes = run.state.base_url, court.world.spec.facts.base.prefixes
    parts = urlsplit(base)
    if parts.path not in prefixes:
        raise NotJudgedError(f"the base URL does not end in one of {', '.join(prefixes)}")
    own = court.target.get("/models").answer.json
    statuses = court.world.spec.facts.status
    for prefix in prefixes:
        url = f"{parts.scheme}://{parts.netloc}{prefix}"
        name = "base" if prefix == parts.path else "base/short-prefix"
        models = court.target.get(f"{url}/models")
        same = at(models.answer.json, "object") == "list" and models.answer.json == own
        wrong = [] if same else [_told(models)]
        court.judge(name, models, expected=f"the models under {prefix}", problems=wrong)
        poll = court.target.get(f"{url}/images/generations?task_id=nobody-knows-this")
        wrong = [] if poll.answer.status == statuses.of("not_found") else [_told(poll)]
        court.judge(name, poll, expected=f"404 for an unknown task under {prefix}", problems=wrong)
        bad = replace(generation(court.world, size="1000x1000"), path=f"{url}/images/generations")
        refused = court.target.send(
            bad, largest=expected_of(court.world, generation(court.world)).largest
        )
        wrong = [] if refused.answer.status == statuses.of("bad_request") else [_told(refused)]
        court.judge(
            name, refused, expected=f"400 for an illegal size under {prefix}", problems=wrong
        )
        _judge_method(court, url)
        keyless = court.target.send(Request("GET", f"{url}/models", key=Key.NONE))
        wrong = [] if keyless.answer.status == statuses.of("unauthorized") else [_told(keyless)]
        court.judge("auth", keyless, expected=f"401 without a key under {prefix}", problems=wrong)


@rule("base/short-prefix")
@bill(Level.FREE, requests=24, largest=lambda world: largest(world.spec))
def test_every_operation_is_there_under_the_other_prefix(court: Court, run: Run) -> None:
    """What is served or refused here is served or refused there, by the same status."""
    other, world = _other_base(court, run), court.world
    for name, request in operations(world).items():
        asked = _without_prompt(request) if makes_pictures(request) else request
        here = court.target.send(asked, largest=_largest(world, asked))
        there = replace(asked, path=f"{other}{asked.path}")
        found = court.target.send(there, largest=_largest(world, asked))
        wrong = [] if found.answer.status == here.answer.status else [_told(found)]
        told = f"{here.answer.status} for the {name}, as under the base URL"
        court.judge("base/short-prefix", found, expected=told, problems=wrong)


@rule("base/short-prefix")
@bill(Level.FULL, requests=1, largest=lambda world: expected_of(world, generation(world)).price)
def test_a_task_is_found_under_the_other_prefix(court: Court, run: Run) -> None:
    other = _other_base(court, run)
    made = probe(court.world, "watched", task(court.world), rule="base")
    task_id = court.target.history(made).created.answer.task_id
    poll = court.target.get(f"{other}/images/generations?task_id={task_id}")
    wrong = [] if poll.answer.task_id == task_id else [_told(poll)]
    court.judge("base/short-prefix", poll, expected="the same task", problems=wrong)


@rule("base/short-prefix")
@bill(Level.FULL, requests=2, largest=lambda world: expected_of(world, generation(world)).price)
def test_a_picture_of_the_other_prefix_is_served(court: Court, run: Run) -> None:
    """At its URL, and at the same price."""
    request = generation(court.world, size=default_size(court.world))
    there = replace(request, path=f"{_other_base(court, run)}{request.path}")
    price = expected_of(court.world, request).price
    with court.target.shared.account(Key.MAIN, alone=True):
        before = court.target.balance() if court.target.state.has_balance else None
        made = court.target.send(there, price=price, alone=True)
        lost = before.total - court.target.balance().total if before else price
    if made.answer.status in court.world.spec.facts.status.unwilling:
        raise NotJudgedError(f"the target answers {_told(made)}")
    wrong = [] if made.answer.status == 200 and lost == price else [f"{_told(made)}, for ${lost}"]
    told = f"a picture for ${price}"
    court.judge("base/short-prefix", made, expected=told, problems=wrong)
    for url in (entry.get("url") for entry in made.answer.entries()):
        served = court.target.get(str(url), key=Key.NONE)
        wrong = [] if served.answer.status == 200 else [_told(served)]
        court.judge("base/short-prefix", served, expected="the picture", problems=wrong)


def _other_base(court: Court, run: Run) -> str:
    """The base URL with the contract's other prefix."""
    prefixes = court.world.spec.facts.base.prefixes
    parts = urlsplit(run.state.base_url)
    if parts.path not in prefixes:
        raise NotJudgedError(f"the base URL does not end in one of {', '.join(prefixes)}")
    other = next(prefix for prefix in prefixes if prefix != parts.path)
    return f"{parts.scheme}://{parts.netloc}{other}"


def _largest(world: World, request: Request) -> Decimal:
    return expected_of(world, request).largest if makes_pictures(request) else Decimal(0)


def _without_prompt(request: Request) -> Request:
    """The request as it must be refused, so that it costs nothing."""
    if request.fields is not None:
        return replace(request, fields={k: v for k, v in request.fields.items() if k != "prompt"})
    return replace(request, parts=tuple(p for p in request.parts or () if p[0] != "prompt"))


def _keyless(
    world: World, name: str, request: Request, headers: tuple[tuple[str, str], ...]
) -> Probe:
    asked = replace(request, key=Key.NONE, headers=headers)
    return Probe(name, asked, rule="auth", largest=_largest(world, request))


def _judge_refused(court: Court, probe: Probe) -> None:
    exchange = court.target.exchange(probe)
    must_be_offered(exchange)
    refused = court.world.spec.facts.status.of("unauthorized")
    wrong = [] if exchange.answer.status == refused else [_told(exchange)]
    court.judge("auth", exchange, expected=str(refused), problems=wrong)


def _judge_method(court: Court, url: str) -> None:
    """A method that a path does not take is refused with those it takes, under any prefix."""
    status = court.world.spec.facts.status.of("method_not_allowed")
    refused = court.target.send(Request("PUT", f"{url}/models"))
    if refused.answer.status != status:
        return
    allow = refused.answer.header("allow") or ""
    problems = [] if "GET" in allow.upper() else [f"Allow is '{allow}'"]
    told = f"{status} with the methods that are allowed"
    court.judge("status", refused, expected=told, problems=problems)


def _judge_stranger(
    court: Court, title: str, path: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """Nobody's key is taken; what is shown of the request does not hold the real one."""
    exchange = court.target.send(Request("GET", path, headers=headers, key=Key.NONE))
    shown = replace(exchange.request, path=path.partition("?")[0], headers=())
    refused = court.world.spec.facts.status.of("unauthorized")
    wrong = [] if exchange.answer.status == refused else [_told(exchange)]
    hidden = replace(exchange, request=shown)
    court.judge("auth", hidden, expected=f"{refused} for {title}", problems=wrong)


def _judge_hidden(court: Court, exchange: Exchange) -> None:
    unknown = court.world.spec.facts.status.of("not_found")
    wrong = [] if exchange.answer.status == unknown else [_told(exchange)]
    told = f"{unknown} for a task of another key"
    court.judge("auth/key-is-account", exchange, expected=told, problems=wrong)


def _hidden(request: Request, scheme: str) -> Request:
    """The request with its key written as the variable of the curl line."""
    return replace(request, headers=(("Authorization", f"{scheme} $API_KEY"),))


def _told(exchange: Exchange) -> str:
    answer = exchange.answer
    return f"status {answer.status}: {answer.message}" if answer.status else answer.failure
