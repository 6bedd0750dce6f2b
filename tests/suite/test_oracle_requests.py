"""What the oracle expects of a request: each fault told by its rule, each wish followed."""

from decimal import Decimal
from typing import Any

import pytest

from contracts import samples
from contracts.exchange import File, Request
from contracts.oracle.references import Picture, Remote, Unusable, is_private, read_reference
from contracts.oracle.requests import Expectation, Mode, expectation
from contracts.size import Size
from contracts.spec import Spec
from contracts.strategies import faulty_fields, wrong_types
from tests.suite.test_oracle_sizes import EIGHT_K
from tests.suite.variants import changed, own

PNG = samples.text_of(samples.sample("sample-png"))
JPEG = samples.text_of(samples.sample("sample-jpeg"))
MASK = samples.text_of(samples.half_mask(samples.SAMPLE))
SYNC = {"size": "1024x640", "quality": "low"}
PRIVATE = "http://10.0.0.1/a.png"


def asked(fields: dict[str, Any], spec: Spec | None = None, **target: Any) -> Expectation:
    """What is expected of a generation with these fields."""
    known = spec or own()
    body = {**known.example_request, **fields}
    return expectation(known, Request("POST", "/images/generations", fields=body), **target)


def edited(*parts: tuple[str, str | File], **fields: str) -> Expectation:
    """What is expected of an edit with these parts."""
    texts = {"model": "gpt-image-2-all", "prompt": "a cube", **SYNC, **fields}
    form = Request("POST", "/images/edits", parts=(*parts, *texts.items()))
    return expectation(own(), form)


@pytest.mark.parametrize(
    "fields, rule, part, param",
    [
        ({"model": None}, "model", None, "model"),
        ({"model": "dall-e-9"}, "model", None, "model"),
        ({"model": 7}, "status", None, "model"),
        ({"prompt": None}, "prompt", None, "prompt"),
        ({"prompt": " \n"}, "prompt", "non-blank", "prompt"),
        ({"prompt": "x" * 32001}, "prompt", "max-length", "prompt"),
        ({"prompt": 7}, "status", None, "prompt"),
        ({"size": 7}, "status", None, "size"),
        ({"size": "large"}, "mode-auto", None, "size"),
        ({"size": "1024X640"}, "size-grammar", None, "size"),
        ({"size": "1024x648"}, "size-grid", None, "size"),
        ({"size": "3856x1296"}, "size-edge", None, "size"),
        ({"size": "1552x512"}, "size-ratio", None, "size"),
        ({"size": "1008x640"}, "size-pixels", None, "size"),
        ({"quality": "ultra"}, "price", "unknown-quality", "quality"),
        ({"quality": "hd"}, "price", "unknown-quality", "quality"),
        ({"n": 0}, "n", None, "n"),
        ({"n": 11}, "n", None, "n"),
        ({"n": "2"}, "n", "types", "n"),
        ({"n": True}, "n", "types", "n"),
        ({"n": 1.5}, "status", None, "n"),
        ({"background": "white"}, "background", None, "background"),
        (
            {"background": "transparent", "output_format": "jpeg"},
            "background",
            "jpeg",
            "background",
        ),
        ({"output_format": "gif"}, "output-format", None, "output_format"),
        (
            {"output_compression": 101},
            "output-format",
            "compression-with-png",
            "output_compression",
        ),
        (
            {"output_compression": -1, "output_format": "webp"},
            "output-format",
            None,
            "output_compression",
        ),
        ({"response_format": "png"}, "response-format", "generations", "response_format"),
        ({"stream": True}, "stream", "off", "stream"),
        ({"partial_images": 4}, "stream", "partial-images", "partial_images"),
        ({"aspect_ratio": "4:1"}, "mode-both", None, "aspect_ratio"),
        ({"aspect_ratio": "4:1", "size": None}, "aspect-ratio", None, "aspect_ratio"),
        ({"resolution": "3K"}, "mode-both", None, "resolution"),
        ({"resolution": "3K", "size": None}, "resolution", None, "resolution"),
        ({"resolution": 4}, "status", None, "resolution"),
        ({"callback_url": "/hook"}, "callback-url", None, "callback_url"),
        ({"callback_url": "http://a/" + "x" * 2048}, "callback-url", None, "callback_url"),
        ({"image_base64": "!!!"}, "reference-forms", None, "image_base64"),
        ({"image_base64": "aGVsbG8="}, "reference-forms", None, "image_base64"),
        ({"images": [PNG, "ftp://a.example/b.png"]}, "reference-forms", None, "images"),
        ({"image_urls": [PNG] * 17}, "max-references", None, "image_urls"),
        ({"image_urls": [PNG] * 8, "images": [PNG] * 9}, "max-references", None, "images"),
        ({"image_url": PRIVATE}, "private-url", "sync", "image_url"),
        ({"mask_base64": MASK}, "mask", None, "mask_base64"),
        ({"mask_base64": JPEG, "image": PNG}, "mask", "form", "mask_base64"),
        ({"mask_base64": PNG, "image": PNG}, "mask", "form", "mask_base64"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_one_fault_is_told_by_its_rule_and_field(
    fields: dict[str, Any], rule: str, part: str | None, param: str
) -> None:
    found = asked({**SYNC, **fields})
    assert {(fault.rule, fault.part) for fault in found.faults} == {(rule, part)}
    assert param in found.params
    assert found.statuses == {400}
    assert found.mode is None
    assert found.price == 0
    assert found.largest > 0


@pytest.mark.parametrize("faulty", faulty_fields(own()), ids=lambda faulty: faulty.name[:50])
def test_each_faulty_field_has_exactly_one_fault_with_a_known_part(faulty: Any) -> None:
    spec = own()
    wish = {"aspect_ratio", "resolution"} & faulty.fields.keys()
    (fault,) = asked({**({} if wish else SYNC), **faulty.fields}).faults
    assert spec.rules[fault.rule].basis_of(fault.part)
    assert fault.params == set(faulty.fields)


@pytest.mark.parametrize("faulty", faulty_fields(own()), ids=lambda faulty: faulty.name[:50])
def test_the_profile_openai_refuses_the_same_faulty_fields(faulty: Any) -> None:
    wish = {"aspect_ratio", "resolution"} & faulty.fields.keys()
    found = asked({**({} if wish else SYNC), **faulty.fields}, openai=True)
    is_taken = faulty.name in {"model missing", "model unknown"}  # any model is, or none
    assert [fault.params for fault in found.faults] == ([] if is_taken else [set(faulty.fields)])


def test_wrong_types_are_aimed_at_every_field_of_a_generation() -> None:
    aimed = {name for faulty in wrong_types(own()) for name in faulty.fields}
    assert aimed == set(own().fields["GenerationRequest"])


@pytest.mark.parametrize(
    "fields, mode, size, images, price",
    [
        ({"size": "1024x640"}, "sync", "1024x640", 1, "0.025"),
        ({"size": "1024x640", "n": 10, "quality": "high"}, "sync", "1024x640", 10, "0.70"),
        ({"size": "1024x640", "n": 2.0}, "sync", "1024x640", 2, "0.05"),
        ({"size": "1024x640", "callback_url": None}, "sync", "1024x640", 1, "0.025"),
        ({"size": "1024x640", "callback_url": "http://a/b"}, "async", "1024x640", 1, "0.025"),
        ({"size": "1024x640", "resolution": "4K"}, "sync", "1024x640", 1, "0.025"),
        ({}, "async", "1024x1024", 1, "0.025"),
        ({"size": "auto", "quality": "auto"}, "async", "1024x1024", 1, "0.025"),
        ({"size": None, "resolution": "4k"}, "async", "2880x2880", 1, "0.06"),
        ({"aspect_ratio": "9:16", "resolution": "2K", "n": 2}, "async", "1152x2048", 2, "0.08"),
        ({"aspect_ratio": "auto", "image": PNG}, "async", "1536x1152", 1, "0.025"),
        ({"image_url": PRIVATE}, "async", "1024x1024", 1, "0"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_accepted_request_has_mode_size_count_and_price(
    fields: dict[str, Any], mode: str, size: str, images: int, price: str
) -> None:
    found = asked(fields)
    assert found.accepted, found.faults
    assert (found.mode, str(found.best), found.images) == (mode, size, images)
    assert found.price == Decimal(price)


def test_a_private_reference_fails_its_task_but_one_of_the_target_itself_does_not() -> None:
    failing = asked({"image_url": PRIVATE})
    assert (failing.ends, failing.fail_code) == ("failed", "INVALID_INPUT")
    assert failing.largest == Decimal("0.025")
    own_url = asked({"image_url": PRIVATE}, minted=lambda url: url == PRIVATE)
    assert (own_url.ends, own_url.price) == ("completed", Decimal("0.025"))
    assert asked({**SYNC, "image_url": PRIVATE}, minted=PRIVATE.__eq__).accepted


@pytest.mark.parametrize(
    "fields, mode",
    [
        ({}, Mode.SYNC),
        ({"size": "auto", "quality": "hd", "style": "vivid", "model": "any"}, Mode.SYNC),
        ({"model": None}, Mode.SYNC),
        ({"resolution": "1K"}, Mode.ASYNC),
        ({"callback_url": "http://a/b"}, Mode.ASYNC),
        ({"size": "1024x640", "resolution": "1K"}, Mode.SYNC),
        ({"stream": True, "partial_images": 2}, Mode.STREAM),
    ],
    ids=str,
)
def test_the_profile_openai_takes_more(fields: dict[str, Any], mode: Mode) -> None:
    assert asked(fields, openai=True).mode is mode


def test_the_profile_openai_still_refuses_what_is_no_size_or_no_quality() -> None:
    assert asked({"size": "large"}, openai=True).params == {"size"}
    assert asked({"quality": "ultra"}, openai=True).params == {"quality"}


def test_an_answer_shows_what_was_asked_for() -> None:
    assert asked({**SYNC, "response_format": "url"}).shown == {"b64_json", "url"}
    shown = edited(("image", File(samples.sample("sample-png"))), response_format="url")
    assert shown.shown == {"url"}
    assert shown.model_type == "IMAGE_TO_IMAGE"
    jpeg = asked({**SYNC, "output_format": "jpeg", "background": "opaque"})
    assert (jpeg.image_format, jpeg.alpha) == ("jpeg", "forbidden")


def test_an_edit_needs_a_picture_in_a_part_of_the_right_name() -> None:
    picture = File(samples.sample("sample-webp"))
    assert edited(("image[]", picture), ("image[]", picture), n="2").images == 2
    for name in ("image[0]", "images", "picture"):
        assert edited((name, picture)).params == {"image"}
    assert edited(("image", File(b"GIF89a"))).params == {"image"}
    (fault,) = edited(*[("image[]", picture)] * 17).faults
    assert fault.rule == "max-references"
    assert {"image", "image[]"} <= fault.params
    assert edited(("image", picture), n="two").params == {"n"}


def test_a_body_of_another_kind_is_refused_by_its_kind() -> None:
    text = Request("POST", "/images/generations", raw=b"a=1", content_type="text/plain")
    assert expectation(own(), text).statuses == {415}
    for raw in (b"{", b"[]", b"7", b"\xff", b""):
        broken = Request("POST", "/images/generations", raw=raw, content_type="application/json")
        assert expectation(own(), broken).statuses == {400}, raw


def test_a_request_that_makes_no_pictures_is_no_question() -> None:
    with pytest.raises(ValueError, match="GET /models makes no pictures"):
        expectation(own(), Request("GET", "/models"))


@pytest.mark.parametrize(
    "fields, largest",
    [
        ({"size": "1024x648", "quality": "low"}, "0.005"),
        ({"size": "1024x640", "quality": "low", "n": 11}, "0.055"),
        ({"size": "1024x640", "quality": "low", "n": "4"}, "0.020"),
        ({"size": "large", "quality": "low"}, "0.005"),
        ({"size": "1024x640", "quality": "ultra"}, "0.23"),
        ({"resolution": "3K", "quality": "low"}, "0.015"),
    ],
    ids=str,
)
def test_what_a_wrongly_accepted_request_may_cost_is_known(
    fields: dict[str, Any], largest: str
) -> None:
    found = asked(fields)
    assert not found.accepted
    assert found.largest == Decimal(largest)


@pytest.mark.parametrize(
    "url, private",
    [
        ("http://10.255.255.255/a", True),
        ("http://11.0.0.0/a", False),
        ("http://172.15.255.255/a", False),
        ("http://172.16.0.1:8080/a", True),
        ("http://172.32.0.0/a", False),
        ("http://100.64.0.1/a", True),
        ("http://100.128.0.1/a", False),
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://[::1]:80/a", True),
        ("http://[fe80::1]/a", True),
        ("http://[2606:4700::1]/a", False),
        ("http://[::ffff:10.0.0.1]/a", True),
        ("http://[::ffff:8.8.8.8]/a", False),
        ("http://LOCALHOST/a", True),
        ("http://printer.local/a", True),
        ("http://localhost.example.com/a", False),
        ("http://user@127.0.0.1/a", True),
        ("https://example.com/127.0.0.1", False),
    ],
)
def test_a_private_host_is_known(url: str, private: bool) -> None:  # noqa: FBT001
    assert is_private(own(), url) is private


def test_a_reference_is_read_in_all_its_forms() -> None:
    spec, png = own(), samples.sample("sample-png")
    for value in (png, samples.text_of(png), samples.data_uri(png)):
        found = read_reference(spec, value)
        assert isinstance(found, Picture)
        assert found.header.size == samples.SAMPLE
    assert read_reference(spec, "https://a.example/b.png") == Remote("https://a.example/b.png")
    for bad in (
        "",
        "http://",
        "ftp://a/b",
        "file:///etc/passwd",
        "data:image/png;base64,x",
        png[:60],
    ):
        assert isinstance(read_reference(spec, bad), Unusable), bad


def test_the_verdicts_follow_the_file() -> None:
    fields = {"size": "1024x1040", "quality": "low"}
    assert asked(fields).accepted
    assert asked(fields, changed({"size-grid/data/multiple": 32})).params == {"size"}
    assert not asked({"resolution": "8K"}).accepted
    assert asked({"resolution": "8k"}, changed(EIGHT_K)).price == Decimal("0.12")
    fewer = changed({"max-references/data/max": 2})
    assert [fault.rule for fault in asked({"images": [PNG] * 3}, fewer).faults] == [
        "max-references"
    ]
    more = changed({"components/schemas/N/maximum": 12})
    assert asked({**SYNC, "n": 12}, more).images == 12
    named = changed({"model/data/aliases": ["painter"]})
    assert asked({**SYNC, "model": "painter"}, named).accepted
    assert not asked({**SYNC, "model": "gpt-image-2"}, named).accepted
    large = changed({"profile/data/openai/default_size": "2048x2048"})
    assert asked({}, large, openai=True).size == Size(2048, 2048)
    network = changed({"private-url/data/networks/+": "8.8.8.0/24"})
    assert is_private(network, "http://8.8.8.8/a")
