"""The contract file as the server reads it: every fact from it, and nothing unsaid or unread."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_server.app import create_app
from mock_server.clock import manual_clock
from mock_server.contract import Contract, default_path, load_contract, read_contract
from mock_server.reading import compile_bodies
from mock_server.rules.latency import Triangle
from mock_server.rules.sizes import Size
from mock_server.section import ContractError
from mock_server.settings import Settings
from tests.api import running, until
from tests.forms import BOUNDARY, Part, form
from tests.laws import matches, own_contract, pictures, refused
from tests.suite.variants import GONE, document
from tests.test_webhooks import a_receiver

OWN = own_contract()
Way = tuple[str | int, ...]


def started(whole: Any) -> Contract:
    """The contract of a document, once a server was made by it in each of its profiles."""
    contract = read_contract(whole)
    for profile in contract.profiles:
        create_app(contract, Settings(profile=profile))
    return contract


def refusal_of(whole: Any) -> ContractError:
    try:
        started(whole)
    except ContractError as error:
        return error
    pytest.fail("it starts")


# --- what is in the file


def test_the_facts_are_those_of_the_page() -> None:
    assert OWN.prefixes == ("/api/v1", "/v1")
    assert (OWN.auth_scheme, OWN.key_prefix) == ("Bearer", "sk_")
    sizes = OWN.sizes
    assert (sizes.multiple, sizes.long_edge_max, sizes.ratio_max) == (16, 3840, Fraction(3))
    assert (sizes.pixels_min, sizes.pixels_max) == (655_360, 8_294_400)
    edges = [(tier.name, tier.long_edge_max) for tier in sizes.tiers]
    assert edges == [("1K", 1536), ("2K", 2048), ("4K", None)]
    assert sizes.tiers[2].typical == (Size(3840, 2160), Size(2160, 3840))
    assert OWN.prices.per_image["4K"]["high"] == Decimal("0.23")
    assert OWN.latencies.seconds["medium"] == Triangle(60, 75, 90)
    assert list(OWN.hooks.retry_after_s) == [1, 2, 4]
    assert (OWN.models.supported, OWN.models.aliases) == (
        ("gpt-image-2-all",),
        frozenset({"gpt-image-2"}),
    )
    assert (OWN.references.max_references, OWN.references.max_bytes) == (16, 50 * 2**20)
    assert OWN.retention_s == 7 * 24 * 3600
    assert (OWN.default_profile, OWN.errors.default_style) == ("provider", "hybrid")
    assert OWN.errors.body_max_bytes > 16 * OWN.references.max_bytes


def test_every_operation_is_a_route_and_only_pictures_and_uploads_need_no_key() -> None:
    routes = {route.operation_id: route for route in OWN.routes}
    assert len(routes) == len(OWN.routes) == 13
    public = {name for name, route in routes.items() if not route.needs_key}
    assert public == {"getTaskByPath", "getUpload", "getResult"}
    edit = routes["editImage"]
    assert (edit.method, edit.path) == ("POST", "/images/edits")
    assert edit.media_types == ("multipart/form-data", "application/json")
    assert dict(edit.body_schemas) == {
        "multipart/form-data": "EditFormRequest",
        "application/json": "EditJsonRequest",
    }


def test_the_digest_tells_two_files_apart(tmp_path: Path) -> None:
    source = default_path().read_bytes()
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(source)
    assert load_contract(copy).digest == OWN.digest
    copy.write_bytes(source + b"\n# another word\n")
    assert load_contract(copy).digest != OWN.digest


# --- what is no contract


def _rules_about(schema: bytes) -> bytes:
    return b"{paths: {}, x-contract: {rules: {}}, components: {schemas: {X: " + schema + b"}}}"


def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    with pytest.raises(ContractError) as caught:
        load_contract(missing)
    assert str(caught.value) == f"{missing}: No such file or directory"
    with pytest.raises(ContractError) as caught:
        load_contract(tmp_path)
    assert str(caught.value) == f"{tmp_path}: Is a directory"


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"", "the file: must be a mapping; got nothing"),
        (b"[]", "the file: must be a mapping; got list []"),
        (b"just text", "the file: must be a mapping; got str 'just text'"),
        (b"{}", "components: is missing"),
        (b"a: [", "is not YAML: while parsing a flow node"),
        (b"a: 1\nb: 2\na: 3\n", "is not YAML: the key 'a' is there twice"),
        (b"a: {b: 1, b: 2}", "is not YAML: the key 'b' is there twice"),
        (b"? [a]\n: 1\n? [a]\n: 2\n", "is not YAML: while constructing a mapping"),
        (b"a: \xff\xfe", "is not YAML: "),
        (b"\x00", "is not YAML: "),
        (b"1: 2", "the file: the key 1 must be text: put it in quotes"),
        (b"a: !!python/object:os.system {}", "is not YAML: could not determine a constructor"),
        (_rules_about(b"{not: " * 3000 + b"{}" + b"}" * 3000), "is nested too deeply"),
        (_rules_about(b"&a {not: *a}"), "is nested too deeply"),
        (b"a: &a [*a]", "components: is missing"),
    ],
)
def test_what_is_no_contract_is_refused_in_one_line(
    content: bytes, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "contract.yaml"
    path.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


# --- every key of the rules is read, and refused when it is missing, renamed or of another kind


def _document() -> Any:
    return deepcopy(OWN.document)


def _below(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every place below a value, and what is there."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*way, key), inner
            yield from _below(inner, (*way, key))


def _at(whole: Any, way: Way) -> Any:
    for step in way:
        whole = whole[step]
    return whole


@contextmanager
def _altered(way: Way, other: object, *, name: str = "") -> Iterator[Any]:
    """The contract's document with another value at that place, or under another name."""
    whole: Any = OWN.document
    table = _at(whole, way[:-1])
    before = copy(table)
    if (other is GONE or name) and way[-1] in table:
        del table[way[-1]]
    if other is not GONE:
        table[name or way[-1]] = other
    try:
        yield whole
    finally:
        table.clear()
        (table.extend if isinstance(table, list) else table.update)(before)


def _read(whole: Any) -> str:
    """What is said of a document where it is read; nothing where it is taken."""
    try:
        compile_bodies(read_contract(whole))
    except ContractError as error:
        return str(error)
    return ""


def _nothing(_: object) -> None:
    """What is done to what is known to be sound."""


@pytest.fixture
def _only_rules_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schemas are as they were: looking at them again takes most of the time."""
    monkeypatch.setattr("mock_server.contract.refuse_unknown_words", _nothing)
    monkeypatch.setattr("tests.test_contract.compile_bodies", _nothing)


RULES = list(_document()["x-contract"]["rules"])
# Rows of these say something more; without one it is another contract, not a broken one.
OPEN_TABLES = ("quality_synonyms", "null_when")


def _places(rule: str) -> Iterator[tuple[Way, Any]]:
    """Every place of a rule but inside its words and examples."""
    start: Way = ("x-contract", "rules", rule)
    for way, value in _below(_at(OWN.document, start), start):
        if way[3] == "data" or len(way) == 4:
            yield way, value


def _names(told: str, way: Way) -> bool:
    """Whether the place is named: its key, or the table that it is in."""
    keys = [str(step) for step in way if isinstance(step, str)]
    return any(key in told for key in keys[-2:])


@pytest.mark.usefixtures("_only_rules_change")
@pytest.mark.parametrize("rule", RULES)
def test_no_key_of_a_rule_can_be_missing_or_renamed(rule: str) -> None:
    for way, value in list(_places(rule)):
        key, table = way[-1], way[-2]
        if isinstance(key, str) and table != "quality_synonyms" and key != "parts":
            with _altered(way, value, name=key + "s") as whole:
                assert _names(_read(whole), way), way
        if isinstance(key, str) and table not in OPEN_TABLES and key != "parts":
            with _altered(way, GONE) as whole:
                assert _names(_read(whole), way), way


OTHERS: tuple[object, ...] = (None, True, "x", -1, float("nan"), [1], {"a": 1})


def _kind(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


@pytest.mark.usefixtures("_only_rules_change")
@pytest.mark.parametrize("rule", RULES)
def test_no_value_of_a_rule_can_be_of_another_kind(rule: str) -> None:
    for way, value in list(_places(rule)):
        for other in OTHERS:
            if _kind(other) != _kind(value) and way[-1] != "long_edge_max":
                with _altered(way, other) as whole:
                    assert _names(_read(whole), way), (way, other)


@pytest.mark.parametrize("value", ["1536", True, 1.5, [], {}])
def test_a_tier_s_long_edge_is_a_whole_number_or_null(value: object) -> None:
    error = refusal_of(document({"tier/data/tiers/0/long_edge_max": value}))
    assert error.place == "x-contract.rules.tier.data.tiers[0].long_edge_max"


@pytest.mark.parametrize(
    "edits, place",
    [
        ({"x-contract/colour": "red"}, "x-contract.colour"),
        ({"x-contract/version": GONE}, "x-contract.version"),
        ({"x-contract/rules/colour": {}}, "x-contract.rules.colour.statement"),
        ({"size-grid": GONE}, "x-contract.rules"),
        ({"size-grid/colour": "red"}, "x-contract.rules.size-grid.colour"),
        ({"mode/data/colour": "red"}, "x-contract.rules.mode.data.colour"),
        ({"size-grid/basis": "guessed"}, "x-contract.rules.size-grid.basis"),
        ({"derive/parts/exact": "guessed"}, "x-contract.rules.derive.parts.exact"),
        ({"x-contract": GONE}, "x-contract"),
        ({"components": GONE}, "components"),
        ({"paths": GONE}, "paths"),
        ({"components/schemas/N/maximun": 10}, "components.schemas.N.maximun"),
        (
            {"components/schemas/ImageUrlObject/properties/image_url/minLenght": 1},
            "components.schemas.ImageUrlObject.properties.image_url.minLenght",
        ),
        ({"components/schemas/N/maximum": "10"}, "components.schemas.N.maximum"),
        ({"components/schemas/N/x-rule": "m"}, "components.schemas.N.x-rule"),
        ({"components/schemas/N/x-rule": []}, "components.schemas.N.x-rule"),
        ({"components/schemas/N/x-expects": 7}, "components.schemas.N.x-expects"),
        ({"components/schemas/N": GONE}, "components.schemas.GenerationRequest.properties.n.$ref"),
        ({"components/schemas/EditForm": 7}, "components.schemas.EditForm"),
    ],
)
def test_a_key_or_a_value_out_of_place_is_named(edits: dict[str, object], place: str) -> None:
    assert refusal_of(document(edits)).place == place


@pytest.mark.parametrize(
    "way, value, place",
    [
        (("colour",), "red", "colour"),
        (("paths", "/balance", "trace"), {}, "paths./balance.trace"),
        (("paths", "/balance", "get", "colour"), "red", "paths./balance.get.colour"),
        (("paths", "/balance", "get", "operationId"), 7, "paths./balance.get.operationId"),
        (("paths", "/balance", "get", "x-rules"), ["colour"], "paths./balance.get.x-rules"),
        (("paths", "/balance"), [], "paths./balance"),
    ],
)
def test_so_is_one_beside_the_rules(way: Way, value: object, place: str) -> None:
    with _altered(way, value) as whole:
        assert refusal_of(whole).place == place


def test_a_rule_that_nothing_names_is_refused() -> None:
    rules: Any = OWN.document["x-contract"]
    with _altered(("x-contract", "rules", "colour"), rules["rules"]["mode"]) as whole:
        error = refusal_of(whole)
    assert str(error) == "x-contract.rules.colour: no schema and no operation names this rule"
    with _altered(("x-contract", "rules", "disconnect"), GONE) as whole:
        error = refusal_of(whole)
    assert str(error) == "paths./images/generations.post.x-rules: there is no rule 'disconnect'"


def test_operations_and_handlers_are_the_same() -> None:
    whole = _document()
    whole["paths"]["/balance"]["get"]["operationId"] = "getPurse"
    assert str(refusal_of(whole)) == "paths: nothing here handles the operation 'getPurse'"
    whole = _document()
    del whole["paths"]["/balance"]["get"]
    assert str(refusal_of(whole)) == "paths: the operation 'getBalance' is missing"


READ_SCHEMAS = [
    "GenerationRequest", "EditFormRequest", "Size", "N", "EditImages", "EditMask",
    "UploadedPictures", "ImageUrlObject", "TaskState", "ModelType",
]  # fmt: skip


@pytest.mark.parametrize("schema", READ_SCHEMAS)
def test_no_schema_that_is_read_can_break_the_start_otherwise(schema: str) -> None:
    """Whatever is taken from a schema or put in its place, it is taken or said to be wrong."""
    start: Way = ("components", "schemas", schema)
    refusals = 0
    for way, value in [(start, None), *_below(_at(OWN.document, start), start)]:
        for other in (GONE, None, 7, "x", [], {}, [1]):
            if other is GONE or _kind(other) != _kind(value):
                with _altered(way, other) as whole:
                    told = _read(whole)
                refusals += bool(told)
                assert not told or ": " in told
    assert refusals > 5


@pytest.mark.parametrize(
    "edits, message",
    [
        ({"base/data/prefixes": []}, "base.data.prefixes: must not be empty"),
        ({"base/data/prefixes/0": "api"}, "base.data.prefixes: must begin with a slash and not en"),
        ({"base/data/prefixes/0": "/v1"}, "base.data.prefixes: must differ"),
        ({"size-grid/data/multiple": 0}, "size-grid.data.multiple: must be at least 1"),
        ({"size-edge/data/long_edge_max": 10**9}, "size-edge.data.long_edge_max: must be at most"),
        ({"size-pixels/data/pixels_min": 0}, "size-pixels.data.pixels_min: must be at least 1 and"),
        ({"size-pixels/data/pixels_min": 10**7}, "size-pixels.data.pixels_min: must be at least 1"),
        (
            {"size-pixels/data": {"pixels_min": 8_294_399, "pixels_max": 8_294_399}},
            "size-pixels.data: no size at all is legal",
        ),
        ({"tier/data/tiers/2/long_edge_max": 3840}, "tier.data.tiers: the last tier, and no other"),
        ({"tier/data/tiers/0/long_edge_max": None}, "tier.data.tiers: the last tier, and no other"),
        ({"tier/data/tiers/0/long_edge_max": 2048}, "long_edge_max must ascend from tier to tier"),
        (
            {"tier/data/tiers/0/typical/0": "1024"},
            "tiers[0].typical: must be sizes WxH; got '1024'",
        ),
        ({"tier/data/tiers/0/typical/0": "1000x1000"}, "1000x1000 is no legal size of 1K"),
        ({"tier/data/tiers/0/typical/0": "2048x2048"}, "2048x2048 is no legal size of 1K"),
        ({"tier/data/tiers/2/name": "8K"}, "'4K' is missing, which components.schemas.Resolution"),
        ({"tier/data/tiers": []}, "tier.data.tiers: must not be empty"),
        ({"derive/data/default_resolution": "3K"}, "default_resolution: must be one of 1K, 2K, 4K"),
        ({"derive/data/default_aspect_ratio": "9:1"}, "default_aspect_ratio: must be W:H of posit"),
        ({"price/data/per_image/8K": {}}, "price.data.per_image.8K: unknown key"),
        ({"price/data/per_image/1K/low": GONE}, "per_image.1K: 'low' is missing, which components"),
        ({"price/data/per_image/1K/ultra": "1"}, "per_image.1K.ultra: is not among the values of"),
        ({"price-auto/data/billed_as/auto": "best"}, "billed_as.auto: must be billed as one with"),
        ({"latency/data/seconds/low/min": 41}, "seconds.low: must have 0 <= min <= mode <= max"),
        ({"latency/data/pending_share": "1.1"}, "latency.data.pending_share: must be at most 1"),
        ({"profile/data/default": "mine"}, "profile.data.default: must be one of provider, openai"),
        ({"profile/data/names/0": "mine"}, "profile.data.names: unknown profile 'mine'"),
        ({"profile/data/openai/default_size": "1x1"}, "openai.default_size: must be a legal size"),
        ({"profile/data/openai/quality_synonyms/hd": "best"}, "'best' is not a quality"),
        ({"components/schemas/Quality/default": "best"}, "no price for the default quality 'best'"),
        ({"components/schemas/N/default": GONE}, "components.schemas.N.default: is missing"),
        ({"sync-shape/data/extras/0": "colour"}, "sync-shape.data.extras: 'colour' is not among"),
        ({"output-format/data/media_types/gif": "image/gif"}, "media_types.gif"),
        ({"background/data/alpha/opaque": "required"}, "background.data.alpha: 'required' is not"),
        ({"background/data/formats_without_alpha": ["bmp"]}, "'bmp' is no format of output-format"),
        ({"reference-forms/data/formats/0": "gif"}, "reference-forms.data.formats: must be among"),
        ({"mask/data/formats": []}, "mask.data.formats: must be among png, jpeg, webp"),
        ({"mask/data/fields/0": "stencil"}, "no request has the field 'stencil'"),
        ({"max-references/data/max": 15}, "schemas.ReferenceList.maxItems: must be the 15 of the"),
        ({"private-url/data/networks/0": "10.0.0.1/8"}, "private-url.data.networks: 10.0.0.1/8 ha"),
        ({"private-url/data/fail_code": "PRIVATE"}, "private-url.data.fail_code: must be one of"),
        ({"task-steps/data/initial": "processing"}, "task-steps.data.initial: must be pending, as"),
        (
            {"task-steps/data/next/pending/0": "begun"},
            "next.pending: 'begun' is not among pending,",
        ),
        ({"hook-payload/data/null_when/done": []}, "null_when: 'done' is not among pending, proce"),
        ({"hook-payload/data/json_strings/0": "data"}, "json_strings: 'data' is not among param,"),
        ({"hook-once/data/success_max": 99}, "hook-once.data.success_min: success_min to success_"),
        ({"hook-retry/data/background_every_s": 0}, "background_every_s: must be more than 0"),
        ({"hook-retry/data/attempt_timeout_s": 0}, "attempt_timeout_s: must be more than 0"),
        ({"retention/data/seconds": 0}, "retention.data.seconds: must be at least 1"),
        ({"error-shape/data/styles/0": "xml"}, "error-shape.data.styles: must be among hybrid, op"),
        ({"error-shape/data/default_style": "xml"}, "error-shape.data.default_style: must be one"),
        ({"status/data/errors/not_found/status": 200}, "not_found.status: must be a status from 4"),
        ({"status/data/body_max_bytes": 0}, "status.data.body_max_bytes: must be at least 1"),
        ({"model/data/supported": []}, "model.data.supported: must not be empty"),
        ({"model/data/refusal/+": "!"}, "model.data.refusal: must have 2 items; got 3"),
        (
            {"components/schemas/GenerationRequest/properties/colour": {"type": "string"}},
            "a request has the field 'colour', by which this server cannot act",
        ),
        (
            {"components/schemas/ImageUrlObject/required": []},
            "components.schemas.ImageUrlObject.required: must hold 'image_url'",
        ),
        (
            {"components/schemas/TaskState/enum/+": "paused"},
            "task-steps.data.next: 'paused' is missing, which components.schemas.TaskState.enum",
        ),
        (
            {"components/schemas/ModelType/enum/+": "VIDEO"},
            "components.schemas.ModelType.enum: must have 2 items; got 3",
        ),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    edits: dict[str, object], message: str
) -> None:
    assert message in str(refusal_of(document(edits)))


@pytest.mark.parametrize("media_type", ["application/xml", "text/plain"])
def test_a_body_that_nobody_can_read_is_refused(media_type: str) -> None:
    whole = _document()
    content = whole["paths"]["/images/generations"]["post"]["requestBody"]["content"]
    content[media_type] = content.pop("application/json")
    place = f"paths./images/generations.post.requestBody.content.{media_type}"
    assert refusal_of(whole).place == place
    content.clear()
    assert "must have a schema by $ref for each media type" in str(refusal_of(whole))


# --- another file makes another server


def changed(edits: Mapping[str, object]) -> Contract:
    """The contract with values replaced, read from a text as any file would be."""
    text = yaml.dump(document(edits), Dumper=yaml.CSafeDumper, sort_keys=False)
    return started(yaml.load(text, Loader=yaml.CSafeLoader))


async def test_another_multiple_makes_other_sizes_legal() -> None:
    edits = {"size-grid/data/multiple": 10, "tier/data/tiers/0/typical": ["1000x1000"]}
    edits |= {f"tier/data/tiers/{n}/typical": [] for n in (1, 2)}
    edits |= {"profile/data/openai/default_size": "1000x1000"}
    async with running(contract=changed(edits)) as api:
        assert pictures(await api.create(size="1000x1000"))[0].size == "1000x1000"
        message = refused(await api.create(size="1024x1024"), 400, param="size")
        assert message == (
            "size: both sides must be multiples of 10; got '1024x1024' (breaks size-grid); "
            "nearest legal sizes: 1020x1020, 1020x1030, 1030x1020"
        )


TIER_8K: dict[str, object] = {
    "tier/data/tiers/2/long_edge_max": 3840,
    "tier/data/tiers/+": {"name": "8K", "long_edge_max": None, "typical": ["7680x4320"]},
    "price/data/per_image/8K": {"low": "0.02", "medium": "0.1", "high": "0.9"},
    "size-edge/data/long_edge_max": 7680,
    "size-pixels/data/pixels_max": 7680 * 4320,
    "components/schemas/Resolution/enum": ["1K", "2K", "4K", "8K", "1k", "2k", "4k", "8k", None],
}


async def test_a_fourth_tier_is_derived_and_paid() -> None:
    async with running(contract=changed(TIER_8K), balance=Decimal(5)) as api:
        task = await api.poll(await api.task(resolution="8k", aspect_ratio="16:9", quality="high"))
        assert (task["state"], task["credits"]) == ("completed", Decimal("0.9"))
        listed = (await api.control("GET", "tasks")).json["tasks"]
        assert [(item["size"], item["tier"]) for item in listed] == [("7680x4320", "8K")]
        assert (await api.money()).total == Decimal("4.1")
        await api.task(size="3856x3856", callback_url="http://127.0.0.1:9/")
        assert (await api.control("GET", "tasks")).json["tasks"][0]["tier"] == "8K"
        message = refused(await api.create(resolution="16K"), 400, param="resolution")
        assert message.startswith("resolution: must be one of 1K, 2K, 4K, 8K, 1k, 2k, 4k, 8k; got")


async def test_another_price_is_paid() -> None:
    contract = changed({"price/data/per_image/1K/low": "0.123", "price/data/currency": "EUR"})
    async with running(contract=contract, balance=Decimal(1)) as api:
        pictures(await api.create(size="1024x640", quality="low", n=2), n=2)
        assert (await api.money()).total == Decimal("0.754")
        assert (await api.get("/balance")).data["currency"] == "EUR"
        refused(await api.create(size="1024x640", quality="low", n=7), 402, "0.861 EUR")


ULTRA: dict[str, object] = {
    "components/schemas/Quality/enum": ["low", "medium", "high", "ultra", "auto", None],
    "latency/data/seconds/ultra": {"min": 500, "mode": 500, "max": 500},
    "price-auto/data/billed_as/auto": "ultra",
    **{f"price/data/per_image/{tier}/ultra": "0.5" for tier in ("1K", "2K", "4K")},
}


async def test_a_new_quality_has_its_price_and_its_time() -> None:
    async with running(contract=changed(ULTRA), clock=manual_clock(), balance=Decimal(1)) as api:
        task_id = await api.task(quality="ultra")
        await api.advance(499.9)
        assert (await api.poll(task_id))["state"] == "processing"
        await api.advance(0.2)
        assert (await api.poll(task_id))["credits"] == Decimal("0.5")
        await api.task(quality="auto")
        assert (await api.money()).frozen == Decimal("0.5")
        allowed = "must be one of low, medium, high, ultra, auto; got 'best'"
        refused(await api.create(quality="best"), 400, allowed, param="quality")


async def test_other_latencies_take_other_times() -> None:
    edits = {"latency/data/seconds/medium": {"min": 7, "mode": 7, "max": 7}}
    contract = changed({**edits, "latency/data/pending_share": "0.5"})
    async with running(contract=contract, clock=manual_clock()) as api:
        task_id = await api.task()
        states = [(await api.poll(task_id))["state"]]
        for seconds in (3.4, 0.2, 3.3, 0.2):
            await api.advance(seconds)
            states.append((await api.poll(task_id))["state"])
        assert states == ["pending", "pending", "processing", "processing", "completed"]


async def test_another_retry_schedule_is_followed() -> None:
    edits = {"retry_after_s": [5], "attempt_timeout_s": 3, "background_every_s": 10}
    contract = changed({"hook-retry/data": {**edits, "give_up_after_s": 26}})
    clock = manual_clock(start=0)
    async with a_receiver(500) as receiver, running(contract=contract, clock=clock) as api:
        postman = api.mock.postman
        await api.task(callback_url=receiver.url + "/hook")
        await api.advance(1000)
        for count, step in enumerate((5, 10, 10), start=1):
            await until(lambda: len(postman.attempts) == count and clock.sleeping == 1)  # noqa: B023
            clock.advance(step)
        await until(lambda: postman.pending == 0)
        assert [attempt.at - 1000 for attempt in postman.attempts] == [0, 5, 15, 25]


async def test_another_model_list_is_listed_and_told() -> None:
    edits = {"model/data/supported": ["one", "two"], "model/data/aliases": ["uno"]}
    async with running(contract=changed({**edits, "models/data/owned_by": "us"})) as api:
        listed = (await api.get("/models")).json
        matches(listed, "ModelList")
        assert [(model["id"], model["owned_by"]) for model in listed["data"]] == [
            ("one", "us"),
            ("two", "us"),
        ]
        for model in ("one", "two", "uno"):
            assert (await api.create(model=model)).status == 200
        message = refused(await api.create(model="gpt-image-2-all"), 400, param="model")
        assert message == "Invalid model: gpt-image-2-all. Supported models: one, two"
    async with running(contract=changed(edits), profile="openai") as api:
        task = await api.poll(await api.task(model=None, resolution="1K"))
        assert task["model"] == "one"


OTHER_WORDS: dict[str, object] = {
    "base/data/prefixes": ["/api/v9"],
    "auth/data/scheme": "Token",
    "poll-errors/data/missing_text": "which task?",
    "task-created/data/msg": "fine",
    "error-shape/data/default_style": "native",
    "status/data/errors/not_found/status": 410,
    "profile/data/default": "openai",
    "output-format/data/media_types/png": "image/x-png",
    "files/data/part": "upload",
    "retention/data/seconds": 60,
}


async def test_every_word_is_taken_from_the_file() -> None:
    async with running(contract=changed(OTHER_WORDS), clock=manual_clock()) as api:
        bearer = await api.get("/models")
        problem = "Authorization: must be Token KEY; got another scheme"
        assert (bearer.status, bearer.json) == (401, {"code": 401, "msg": problem})
        api.client.headers["Authorization"] = "token sk_test"
        assert api.base.endswith("/api/v9")

        poll = await api.get("/images/generations", key=None)
        assert poll.json == {"code": 400, "msg": "which task?"}
        poll = await api.get("/images/generations?task_id=x", key=None)
        assert (poll.status, poll.json["code"]) == (410, 410)

        created = await api.create(key=None, resolution="1K")
        assert created.json["msg"] == "fine"
        await api.advance(100)
        task = await api.get("/images/generations?task_id=" + created.data["taskId"], key=None)
        (url,) = task.data["resultUrls"]
        picture = await api.get(url, key=None)
        assert (picture.status, picture.media_type) == (200, "image/x-png")
        await api.advance(61)
        assert (await api.get(url, key=None)).status == 410

        part = Part("upload", b"bytes", filename="a.bin", media_type="text/plain")
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        headers = {"Content-Type": content_type}
        sent = await api.ask("POST", "/files", key=None, body=form([part]), headers=headers)
        assert sent.data["publicUrl"].startswith(api.base + "/files/")


async def test_the_extras_are_those_of_the_file() -> None:
    for extras in ([], ["size"], ["usage", "quality"]):
        contract = changed({"sync-shape/data/extras": extras})
        async with running(contract=contract, profile="openai") as api:
            answer = await api.create(size="1024x640")
            assert set(answer.json) == {"created", "data", *extras}
