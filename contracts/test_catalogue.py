"""Models, uploads, and what else the service offers beside pictures."""

from contracts.claims import Level, World, bill, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import Exchange, File, Key, Request, at
from contracts.judge import NotJudgedError
from contracts.oracle.schemas import complaints
from contracts.samples import SAMPLE, gradient, half_mask

NAMES = ("picture.png", "blob", "фото.png", "a/b/c.png")


@rule("models", "models/modality")
@bill(Level.FREE, requests=1)
def test_the_models_are_listed(court: Court) -> None:
    facts, listed = court.world.spec.facts, court.target.get("/models")
    problems = [
        f"{place}: {words}" for place, words in _complaints(court.world, "ModelList", listed)
    ]
    ids = [at(each, "id") for each in _data(listed)]
    told = "the schema ModelList"
    court.judge("models", listed, expected=told, problems=problems or _status(listed))
    wrong = [] if ids == list(facts.model.supported) else [f"{ids}"]
    told = f"the models {', '.join(facts.model.supported)}, without aliases"
    court.judge("models", listed, expected=told, problems=wrong)
    for each in _data(listed):
        _judge_extras(court, listed, each)


@rule("models")
@bill(Level.FREE, requests=4)
def test_a_model_is_found_by_its_name(court: Court) -> None:
    facts = court.world.spec.facts
    listed = {str(at(each, "id")): each for each in _data(court.target.get("/models"))}
    for name in facts.model.supported:
        found = court.target.get(f"/models/{name}")
        problems = [
            f"{place}: {words}" for place, words in _complaints(court.world, "ModelObject", found)
        ]
        problems += [] if at(found.answer.json, "id") == name else ["another id"]
        told = f"200 and the model {name}"
        court.judge("models", found, expected=told, problems=problems or _status(found))
        same = [] if found.answer.json == listed.get(name) else ["another object than in the list"]
        court.judge("models", found, expected="the model as it is listed", problems=same)
    missing = court.target.get("/models/no-such-model")
    unknown = court.world.spec.facts.status.of("not_found")
    wrong = [] if missing.answer.status == unknown else [f"status {missing.answer.status}"]
    court.judge("models", missing, expected=f"{unknown} for an unknown model", problems=wrong)


@rule("files")
@bill(Level.FREE, requests=16)
def test_an_upload_is_served_without_a_key(court: Court) -> None:
    """Each form of picture, by any filename; two uploads are two."""
    pictures = [gradient(SAMPLE, form) for form in court.world.spec.facts.reference_forms.formats]
    urls = []
    for number, data in enumerate([*pictures, half_mask(SAMPLE)]):
        sent = _upload(court, File(data, filename=NAMES[number % len(NAMES)]))
        problems = [f"{p}: {words}" for p, words in _complaints(court.world, "UploadAnswer", sent)]
        told = "200 and a publicUrl"
        court.judge("files", sent, expected=told, problems=problems or _status(sent))
        url = str(at(sent.answer.json, "data", "publicUrl"))
        urls.append(url)
        served = court.target.get(url, key=Key.NONE)
        same = served.answer.status == 200 and served.answer.body == data
        wrong = [] if same else [f"status {served.answer.status}, {len(served.answer.body)} bytes"]
        told = f"200 and the {len(data)} bytes that were uploaded"
        court.judge("files", served, expected=told, problems=wrong)
    wrong = [] if len(set(urls)) == len(urls) else ["two uploads share a URL"]
    court.judge("files", None, expected="a URL for each upload", problems=wrong)


@rule("files")
@bill(Level.FREE, requests=3)
def test_an_upload_needs_its_part(court: Court) -> None:
    part = court.world.spec.facts.files.part
    picture = File(gradient(SAMPLE))
    _upload(court, picture)
    for parts in ((), (("picture", picture),), ((f"{part}s", picture),)):
        form = Request("POST", "/files", parts=(*parts, ("note", "no file here")))
        sent = court.target.send(form)
        refused = court.world.spec.facts.status.of("bad_request")
        problems = [] if sent.answer.status == refused else [f"status {sent.answer.status}"]
        told = f"{refused}: there is no part '{part}'"
        court.judge("files", sent, expected=told, problems=problems)


def _upload(court: Court, file: File) -> Exchange:
    form = Request("POST", "/files", parts=((court.world.spec.facts.files.part, file),))
    sent = court.target.send(form)
    if sent.answer.status in {404, 405}:
        raise NotJudgedError("the target offers no uploads (POST /files)")
    return sent


def _judge_extras(court: Court, listed: Exchange, model: Json) -> None:
    facts = court.world.spec.facts.models
    wanted = {"modality": facts.modality, "endpoint": facts.endpoint}
    found = {name: at(model, name) for name in wanted}
    wrong = [] if found == wanted else [str(found)]
    court.judge("models/modality", listed, expected=str(wanted), problems=wrong)


def _complaints(world: World, schema: str, exchange: Exchange) -> list[tuple[str, str]]:
    return complaints(world.spec, schema, exchange.answer.json)


def _data(exchange: Exchange) -> list[Json]:
    found = at(exchange.answer.json, "data")
    return found if isinstance(found, list) else []


def _status(exchange: Exchange) -> list[str]:
    return [] if exchange.answer.status == 200 else [f"status {exchange.answer.status}"]
