"""Every reason for which the contract refuses a request: the schemas of the file, then arithmetic.

Each check has the signature `(spec, question) -> faults`; a request may have several faults.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from contracts.decode import Json
from contracts.oracle.asked import Asked, Carried
from contracts.oracle.ratios import ratio_of
from contracts.oracle.references import Picture, Remote, Unusable, is_private, read_reference
from contracts.oracle.schemas import broken_keywords
from contracts.oracle.sizes import tier_named, verdict
from contracts.spec import Spec

__all__ = ["Fault", "Minted", "Question", "refusals"]

Minted = Callable[[str], bool]
"""Whether a URL is one that the server under test handed out itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request must be refused: the rule (and part), and the fields that may be named."""

    rule: str
    text: str
    params: frozenset[str]
    part: str | None = None
    status: int = 0
    """0 stands for that of a bad request."""
    message: tuple[str, ...] = ()
    """What the message must contain, where the contract fixes its words."""
    closes: bool = False
    """Whether the message must end with those words."""


@dataclass(frozen=True, slots=True)
class Question:
    """A readable request, and what must be known of its target to judge it."""

    asked: Asked
    openai: bool
    """Whether the target keeps the profile `openai`."""
    sync: bool
    """Whether the pictures are awaited in the answer."""
    streams: bool
    """Whether the target streams."""
    minted: Minted


def refusals(spec: Spec, question: Question) -> list[Fault]:
    """Every fault of the request; empty if it must be accepted."""
    found = [fault for check in _CHECKS for fault in check(spec, question)]
    usual = spec.facts.status.of("bad_request")
    return [fault if fault.status else replace(fault, status=usual) for fault in found]


def _missing(spec: Spec, question: Question) -> Iterator[Fault]:
    for name, field in spec.fields[question.asked.schema].items():
        optional = name == "model" and question.openai
        if field.required and not optional and name not in question.asked.values:
            yield Fault(name, f"{name} is missing", frozenset({name}))


def _fields(spec: Spec, question: Question) -> Iterator[Fault]:
    """Type, bounds, pattern and names of each field, by its schema."""
    known = spec.fields[question.asked.schema]
    for name, value in question.asked.values.items():
        if name not in known or name in _OWN_CHECK:
            continue
        keywords = broken_keywords(spec, question.asked.schema, name, value)
        if keywords and not _is_synonym(spec, question, name, value):
            yield _field_fault(spec, question, name, value, keywords[0])


def _field_fault(spec: Spec, question: Question, name: str, value: Json, keyword: str) -> Fault:
    rules = spec.fields[question.asked.schema][name].schema.get("x-rule")
    rule, part = (
        str(rules[0] if isinstance(rules, list) else rules),
        _reading(question, name, keyword),
    )
    if keyword == "type" and part is None:
        rule = "status"
    return Fault(rule, f"{name}: {value!r} breaks '{keyword}'", frozenset({name}), part)


def _reading(question: Question, name: str, keyword: str) -> str | None:
    """The part of the field's rule that the breach belongs to, where the contract has one."""
    asked = question.asked
    if name == "response_format" and asked.operation != "editImage":
        return "generations"
    if name == "output_compression" and not asked.values.get("output_format"):
        return "compression-with-png"
    if keyword == "type" and not _is_nearly_an_integer(asked.values[name]):
        return None
    return _READINGS.get((name, keyword))


def _is_nearly_an_integer(value: Json) -> bool:
    """A truth, or an integer as text: only a reading says that these are none. Rule: n."""
    return isinstance(value, bool) or (isinstance(value, str) and value.lstrip("-").isdecimal())


def _is_synonym(spec: Spec, question: Question, name: str, value: Json) -> bool:
    synonyms = list(spec.facts.profile.openai.quality_synonyms)
    return question.openai and name == "quality" and value in synonyms


def _model(spec: Spec, question: Question) -> Iterator[Fault]:
    model, table = question.asked.values.get("model"), spec.facts.model
    if model is None:
        return
    if not isinstance(model, str):
        yield Fault("status", f"model: {model!r} is no text", frozenset({"model"}))
    elif not question.openai and model not in (*table.supported, *table.aliases):
        message = f"{table.refusal[0]}{model}{table.refusal[1]}{', '.join(table.supported)}"
        text = f"no model '{model}'"
        yield Fault("model", text, frozenset({"model"}), message=(message,), closes=True)


def _size(spec: Spec, question: Question) -> Iterator[Fault]:
    size, params = question.asked.values.get("size"), frozenset({"size"})
    if size is None or size in spec.facts.mode_auto.absent:
        return
    if not isinstance(size, str):
        yield Fault("status", f"size: {size!r} is no text", params)
        return
    for rule in sorted(verdict(spec, size).broken):
        named = "mode-auto" if rule == "size-grammar" and not _looks_like_a_size(size) else rule
        yield Fault(named, f"size: {size!r} breaks {rule}", params)


def _looks_like_a_size(text: str) -> bool:
    return sum(character.isdigit() for character in text) > 1


def _ratio(spec: Spec, question: Question) -> Iterator[Fault]:
    text, params = question.asked.values.get("aspect_ratio"), frozenset({"aspect_ratio"})
    if text is not None and not isinstance(text, str):
        yield Fault("status", f"aspect_ratio: {text!r} is no text", params)
    elif text is not None and ratio_of(spec, text) is None:
        yield Fault(*_beside_size(question, "aspect-ratio", f"aspect_ratio: {text!r}"), params)


def _resolution(spec: Spec, question: Question) -> Iterator[Fault]:
    text, params = question.asked.values.get("resolution"), frozenset({"resolution"})
    if text is not None and not isinstance(text, str):
        yield Fault("status", f"resolution: {text!r} is no text", params)
    elif text is not None and tier_named(spec, text) is None:
        yield Fault(*_beside_size(question, "resolution", f"resolution: {text!r}"), params)


def _beside_size(question: Question, rule: str, text: str) -> tuple[str, str]:
    """A malformed wish that a WxH size overrides is still refused: a reading of its own rule."""
    return ("mode-both" if "size" in question.asked.values else rule), f"{text} is not allowed"


def _transparent(spec: Spec, question: Question) -> Iterator[Fault]:
    table, values = spec.facts.background, question.asked.values
    background, form = values.get("background"), values.get("output_format")
    is_required = isinstance(background, str) and table.alpha.get(background) == "required"
    if is_required and form in table.formats_without_alpha:
        params = frozenset({"background", "output_format"})
        yield Fault("background", f"{background} with {form}", params, "jpeg")


def _stream(spec: Spec, question: Question) -> Iterator[Fault]:
    if question.asked.values.get("stream") is True and not question.streams:
        yield Fault("stream", "stream: true, which is off", frozenset({"stream"}), "off")


def _references(spec: Spec, question: Question) -> Iterator[Fault]:
    asked, most = question.asked, spec.facts.max_references.max
    if len(asked.references) > most:
        text = f"{len(asked.references)} references, more than {most}"
        yield Fault("max-references", text, _reference_fields(spec))
    if asked.operation == "editImage" and not asked.references:
        yield Fault("edit-needs-image", "no reference", frozenset({"image"}))
    for each in asked.references:
        yield from _reference(spec, question, each, _names(spec, each))
    for each in asked.masks:
        yield from _reference(spec, question, each, _mask_fields(spec))


def _reference(
    spec: Spec, question: Question, carried: Carried, params: frozenset[str]
) -> Iterator[Fault]:
    found = read_reference(spec, carried.value)
    if isinstance(found, Unusable):
        part = "max-bytes" if "bytes" in found.reason else None
        part = "max-pixels" if "pixels" in found.reason else part
        yield Fault("reference-forms", f"{carried.field}: {found.reason}", params, part)
    if isinstance(found, Remote) and question.sync and _is_refused(spec, question, found):
        table = spec.facts.private_url
        text = f"{carried.field}: {found.url} is private"
        yield Fault("private-url", text, params, "sync", message=(table.text,))


def _names(spec: Spec, carried: Carried) -> frozenset[str]:
    """What a reference's field may be called: a part without its brackets, an object by its key."""
    own = {carried.field, carried.field.removesuffix("[]")}
    return frozenset(
        own | ({"image_url"} if carried.field in spec.facts.reference_forms.many else set())
    )


def _reference_fields(spec: Spec) -> frozenset[str]:
    """Any of the fields may be named where all of them together are too many."""
    forms = spec.facts.reference_forms
    return frozenset((*forms.single, *forms.many, *spec.facts.edit_parts.image_parts))


def _mask_fields(spec: Spec) -> frozenset[str]:
    return frozenset((spec.facts.edit_parts.mask_part, *spec.facts.mask.fields))


def _is_refused(spec: Spec, question: Question, remote: Remote) -> bool:
    return is_private(spec, remote.url) and not question.minted(remote.url)


def _mask(spec: Spec, question: Question) -> Iterator[Fault]:
    asked, fields = question.asked, _mask_fields(spec)
    if not asked.masks:
        return
    if not asked.references:
        yield Fault("mask", "a mask without a reference", fields | {"image"})
        return
    mask = read_reference(spec, asked.masks[0].value)
    first = read_reference(spec, asked.references[0].value)
    if isinstance(mask, Picture):
        for reason in _mask_reasons(spec, mask, first):
            yield Fault("mask", f"the mask {reason}", fields, "form")


def _mask_reasons(spec: Spec, mask: Picture, first: Picture | Remote | Unusable) -> Iterator[str]:
    if mask.header.format not in spec.facts.mask.formats:
        yield f"is a {mask.header.format}"
    elif not mask.header.alpha:
        yield "has no alpha channel"
    if isinstance(first, Picture) and first.header.size != mask.header.size:
        yield f"measures {mask.header.size}, the first reference {first.header.size}"


# Judged by arithmetic or by a table, not by the pattern or the names of a schema.
_OWN_CHECK = frozenset({"model", "size", "aspect_ratio", "resolution"})

# What the contract only reads so: the part of the field's rule, by the keyword that is broken.
_READINGS = {
    ("quality", "enum"): "unknown-quality",
    ("n", "type"): "types",
    ("prompt", "pattern"): "non-blank",
    ("prompt", "maxLength"): "max-length",
    ("partial_images", "minimum"): "partial-images",
    ("partial_images", "maximum"): "partial-images",
}

_CHECKS: tuple[Callable[[Spec, Question], Iterator[Fault]], ...] = (
    _missing,
    _fields,
    _model,
    _size,
    _ratio,
    _resolution,
    _transparent,
    _stream,
    _references,
    _mask,
)
