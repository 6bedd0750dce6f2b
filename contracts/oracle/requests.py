"""What the contract expects of a request before it is sent: refusal or mode, pictures, price.

expected = expectation(spec, request, openai=False)
expected.statuses, expected.mode, expected.price, expected.largest
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from contracts.exchange import Request
from contracts.oracle.asked import Asked, Unreadable, read_request
from contracts.oracle.prices import cells, largest, price
from contracts.oracle.ratios import ratio_of
from contracts.oracle.references import Picture, Remote, is_private, read_reference
from contracts.oracle.refusals import Fault, Minted, Question, refusals
from contracts.oracle.sizes import derived, tier_named, tier_of
from contracts.size import Size
from contracts.spec import Spec

__all__ = ["Expectation", "Mode", "expectation"]

SUCCESS = 200


class Mode(StrEnum):
    """In which shape an accepted request is answered."""

    SYNC = "sync"
    ASYNC = "async"
    WAIT = "wait"
    """The finished task, as a poll would show it. Rule: generations-sync."""
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The contract's answer to a request; everything but `faults` is about an accepted one."""

    faults: tuple[Fault, ...]
    mode: Mode | None
    """None for a refused request."""
    images: int = 1
    size: Size | None = None
    """The asked WxH, exact; None where it is derived from `aspect_ratio` and `resolution`."""
    best: Size | None = None
    """The size that our reading of the rule `derive` gives; the asked one where there is one."""
    aspect_ratio: str | None = None
    """As asked, `auto` replaced by the ratio it stands for."""
    resolution: str | None = None
    quality: str | None = None
    """As billed."""
    image_format: str = ""
    alpha: str = ""
    """required, forbidden or either."""
    shown: frozenset[str] = frozenset()
    """The fields of each entry of a synchronous answer."""
    inline_rule: tuple[str, str | None] = ("sync-shape", None)
    """The rule, and its part, that an entry without `b64_json` breaks."""
    model: str | None = None
    model_type: str = ""
    ends: str = "completed"
    """The terminal state of the task."""
    fail_code: str | None = None
    price: Decimal = Decimal(0)
    """USD; 0 for what is refused or fails."""
    largest: Decimal = Decimal(0)
    """USD that a wrong server might charge for it."""

    @property
    def accepted(self) -> bool:
        """Whether the request has no fault."""
        return not self.faults

    @property
    def statuses(self) -> frozenset[int]:
        """The HTTP statuses that are right; of several faults the server may tell any."""
        return frozenset(fault.status for fault in self.faults) or frozenset({SUCCESS})

    @property
    def params(self) -> frozenset[str]:
        """The fields that a precise refusal may name. Rule: error-precise."""
        return frozenset(param for fault in self.faults for param in fault.params)


def expectation(
    spec: Spec,
    request: Request,
    *,
    openai: bool = False,
    streams: bool | None = None,
    minted: Minted = lambda _: False,
) -> Expectation:
    """What the contract expects of a request for pictures, to a target of this profile.

    `streams`: whether the extension is on, by default as the profile has it; `minted`: whether a
    URL comes from the target itself. ValueError for a request of another operation.
    """
    asked = read_request(spec, request)
    if isinstance(asked, Unreadable):
        fault = Fault("status", asked.reason, frozenset(), status=asked.status)
        return Expectation((fault,), None, largest=largest(spec))
    mode = _mode(spec, asked, openai=openai)
    does_stream = openai if streams is None else streams
    is_sync = mode in {Mode.SYNC, Mode.STREAM}
    question = Question(asked, openai, is_sync, does_stream, minted)
    faults = tuple(refusals(spec, question))
    if faults:
        return Expectation(faults, None, largest=_most(spec, asked))
    return _accepted(spec, question, mode)


def _mode(spec: Spec, asked: Asked, *, openai: bool) -> Mode:
    """Rules: mode, mode-auto, profile, generations-sync, stream."""
    if asked.operation == "createImageAndWait":
        return Mode.WAIT
    awaited = {"callback_url"} if _size(asked) else {"callback_url", "aspect_ratio", "resolution"}
    is_sync = not (awaited & asked.values.keys()) and (openai or _size(asked) is not None)
    if not is_sync:
        return Mode.ASYNC
    return Mode.STREAM if asked.values.get("stream") is True else Mode.SYNC


def _accepted(spec: Spec, question: Question, mode: Mode) -> Expectation:
    asked = question.asked
    size = _size(asked) or _default_size(spec, asked, mode)
    ratio, resolution = _ratio(spec, asked), asked.text("resolution")
    tier = tier_of(spec, size) if size else tier_named(spec, resolution)
    quality = asked.text("quality")
    images = _count(spec, asked)
    fails = not question.sync and _private(spec, question)
    cost = price(spec, tier or "", quality, images)
    return Expectation(
        faults=(),
        mode=mode,
        images=images,
        size=size,
        best=size or derived(spec, ratio, resolution),
        aspect_ratio=ratio,
        resolution=resolution,
        quality=_billed(spec, quality),
        image_format=asked.text("output_format") or spec.default("output_format"),
        alpha=spec.facts.background.alpha[asked.text("background") or spec.default("background")],
        shown=_shown(asked),
        inline_rule=_inline_rule(asked),
        model=asked.text("model"),
        model_type="IMAGE_TO_IMAGE" if asked.references else "TEXT_TO_IMAGE",
        ends="failed" if fails else "completed",
        fail_code=spec.facts.private_url.fail_code if fails else None,
        price=Decimal(0) if fails else cost,
        largest=cost,
    )


def _size(asked: Asked) -> Size | None:
    return Size.parse(asked.text("size") or "")


def _default_size(spec: Spec, asked: Asked, mode: Mode) -> Size | None:
    """The size of a synchronous request without one. Rule: profile."""
    return spec.facts.profile.openai.default_size if mode in {Mode.SYNC, Mode.STREAM} else None


def _ratio(spec: Spec, asked: Asked) -> str | None:
    """The asked ratio; `auto` as the ratio of the first reference. Rule: aspect-ratio."""
    text = asked.text("aspect_ratio")
    if text != spec.facts.aspect_ratio.auto:
        return text
    found = read_reference(spec, asked.references[0].value) if asked.references else None
    reference = found.header.size if isinstance(found, Picture) else None
    ratio = ratio_of(spec, text, reference=reference)
    return f"{ratio.numerator}:{ratio.denominator}" if ratio else None


def _count(spec: Spec, asked: Asked) -> int:
    n = asked.values.get("n", spec.field("n").default)
    return int(n) if isinstance(n, int | float) else 1


def _billed(spec: Spec, quality: str | None) -> str:
    named = quality or spec.default("quality")
    names = {**spec.facts.price_auto.billed_as, **spec.facts.profile.openai.quality_synonyms}
    return names.get(named, named)


def _shown(asked: Asked) -> frozenset[str]:
    """Rule: response-format."""
    url_only = asked.operation == "editImage" and asked.values.get("response_format") == "url"
    return frozenset({"url"}) if url_only else frozenset({"b64_json", "url"})


def _inline_rule(asked: Asked) -> tuple[str, str | None]:
    """That `url` leaves nothing out of a generation is but a reading. Rule: response-format."""
    is_reading = asked.operation != "editImage" and asked.values.get("response_format") == "url"
    return ("response-format", "generations") if is_reading else ("sync-shape", None)


def _private(spec: Spec, question: Question) -> bool:
    """Whether the task must fail for a private reference. Rule: private-url."""
    carried = (*question.asked.references, *question.asked.masks)
    found = [read_reference(spec, each.value) for each in carried]
    urls = [each.url for each in found if isinstance(each, Remote)]
    return any(is_private(spec, url) and not question.minted(url) for url in urls)


def _most(spec: Spec, asked: Asked) -> Decimal:
    """USD that a server might charge which accepts what it should refuse."""
    dearest = largest(spec)
    quality = asked.text("quality")
    return _written_count(asked) * max(
        cells(spec).get((tier, quality), dearest) for tier in _likely_tiers(spec, asked)
    )


def _written_count(asked: Asked) -> int:
    written = str(asked.values.get("n")).removesuffix(".0")
    return max(1, int(written)) if written.isdecimal() else 1


def _likely_tiers(spec: Spec, asked: Asked) -> list[str]:
    size, resolution = _size(asked), asked.values.get("resolution")
    if size:
        return [tier_of(spec, size)]
    named = tier_named(spec, resolution) if isinstance(resolution, str | None) else None
    return [named] if named else [tier.name for tier in spec.facts.tier.tiers]
