"""The tables of `x-contract` as records: a class for each rule with data, spelt as in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from contracts.decode import Network
from contracts.size import Size

__all__ = ["ErrorKind", "Facts", "OpenAIProfile", "StreamEvents", "Tier", "Triangle"]


@dataclass(frozen=True, slots=True)
class Auth:
    """The scheme of the header `Authorization`, and how keys begin. Rule: auth."""

    scheme: str
    key_prefix: str


@dataclass(frozen=True, slots=True)
class Base:
    """The path prefixes under which the API is served. Rule: base."""

    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModeAuto:
    """The texts that count as no size. Rule: mode-auto."""

    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenAIProfile:
    """What the profile `openai` takes beyond the letter. Rule: profile."""

    default_size: Size
    quality_synonyms: Mapping[str, str]
    ignored_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The profiles there are, and the one without a wish. Rule: profile."""

    names: tuple[str, ...]
    default: str
    openai: OpenAIProfile


@dataclass(frozen=True, slots=True)
class SizeGrid:
    """Pixels; both sides are multiples of it. Rule: size-grid."""

    multiple: int


@dataclass(frozen=True, slots=True)
class SizeEdge:
    """Pixels. Rule: size-edge."""

    long_edge_max: int


@dataclass(frozen=True, slots=True)
class SizeRatio:
    """Long edge over short edge. Rule: size-ratio."""

    long_to_short_max: Fraction


@dataclass(frozen=True, slots=True)
class SizePixels:
    """Width times height, both bounds included. Rule: size-pixels."""

    pixels_min: int
    pixels_max: int


@dataclass(frozen=True, slots=True)
class Tier:
    """A class of sizes by long edge; `None`: no upper bound. Rule: tier."""

    name: str
    long_edge_max: int | None
    typical: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers, by ascending long edge. Rule: tier."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Derive:
    """What an absent `resolution` and an absent `aspect_ratio` mean. Rule: derive."""

    default_resolution: str
    default_aspect_ratio: str


@dataclass(frozen=True, slots=True)
class AspectRatio:
    """The text that asks for the first reference's ratio. Rule: aspect-ratio."""

    auto: str


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one image, by tier and billed quality. Rule: price."""

    currency: str
    per_image: Mapping[str, Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class PriceAuto:
    """Which quality another one is billed as. Rule: price-auto."""

    billed_as: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SyncShape:
    """The fields of OpenAI's answer that are sent only when the extras are on. Rule: sync-shape."""

    extras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The content type of each format. Rule: output-format."""

    media_types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Background:
    """Whether a background wants alpha (required, forbidden, either). Rule: background."""

    alpha: Mapping[str, str]
    formats_without_alpha: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """The names of the server-sent events. Rule: stream."""

    partial: str
    completed: str


@dataclass(frozen=True, slots=True)
class Stream:
    """The names of the events, for a generation and for an edit. Rule: stream."""

    events: Mapping[str, StreamEvents]


@dataclass(frozen=True, slots=True)
class EditParts:
    """The names of the file parts of a multipart edit. Rule: edit-parts."""

    image_parts: tuple[str, ...]
    mask_part: str


@dataclass(frozen=True, slots=True)
class MaxReferences:
    """How many references a request may have. Rule: max-references."""

    max: int


@dataclass(frozen=True, slots=True)
class ReferenceForms:
    """The fields that carry one reference or many, and what these may be. Rule: reference-forms."""

    single: tuple[str, ...]
    many: tuple[str, ...]
    formats: tuple[str, ...]
    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class Mask:
    """The fields that carry a mask as text, and its formats. Rule: mask."""

    fields: tuple[str, ...]
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrivateUrl:
    """Which hosts are private, and how their fetch fails. Rule: private-url."""

    text: str
    fail_code: str
    networks: tuple[Network, ...]
    host_suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskCreated:
    """What the answer to an accepted asynchronous request says. Rule: task-created."""

    code: int
    msg: str
    state: str


@dataclass(frozen=True, slots=True)
class TaskPoll:
    """The fields of a poll, by the state of its task. Rule: task-poll."""

    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TaskSteps:
    """The state a task begins with, and the states that may follow each. Rule: task-steps."""

    initial: str
    next: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FailCodes:
    """Whether another try makes sense, by `failCode`. Rule: fail-codes."""

    retryable: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class PollErrors:
    """Texts of refused polls. Rule: poll-errors."""

    missing_text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How many seconds tasks, results and uploads live. Rule: retention."""

    seconds: int


@dataclass(frozen=True, slots=True)
class HookOnce:
    """How a webhook is sent, and which answers end it. Rule: hook-once."""

    method: str
    content_type: str
    success_min: int
    success_max: int


@dataclass(frozen=True, slots=True)
class HookPayload:
    """Which fields are JSON texts, and which are null in a terminal state. Rule: hook-payload."""

    json_strings: tuple[str, ...]
    null_when: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class HookRetry:
    """Seconds between attempts, for one attempt, and until the last. Rule: hook-retry."""

    retry_after_s: tuple[float, ...]
    attempt_timeout_s: float
    background_every_s: float
    give_up_after_s: float


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """The styles of our mock's error envelope. Rule: error-shape."""

    styles: tuple[str, ...]
    default_style: str


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The HTTP status and OpenAI's `type` of a kind of failure. Rule: status."""

    status: int
    type: str


@dataclass(frozen=True, slots=True)
class Status:
    """The kinds of failure, and the largest body. Rule: status."""

    body_max_bytes: int
    errors: Mapping[str, ErrorKind]

    def of(self, kind: str) -> int:
        """The HTTP status of that kind of failure."""
        return self.errors[kind].status

    @property
    def unwilling(self) -> frozenset[int]:
        """The statuses of a target that would, but for want of credit or of time."""
        return frozenset({self.of("no_credit"), self.of("rate_limited")})


@dataclass(frozen=True, slots=True)
class Model:
    """The models listed, those only taken, and the text around a refused one. Rule: model."""

    supported: tuple[str, ...]
    aliases: tuple[str, ...]
    refusal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeIn200:
    """From which `code` on an answer with HTTP status 200 tells a failure. Rule: code-in-200."""

    failure_min: int


@dataclass(frozen=True, slots=True)
class Models:
    """What the list of models says of each. Rule: models."""

    created: int
    owned_by: str
    modality: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Files:
    """The name of the part that carries the upload. Rule: files."""

    part: str


@dataclass(frozen=True, slots=True)
class Triangle:
    """Seconds: a triangular distribution. Rule: latency."""

    min: float
    mode: float
    max: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an image takes, by billed quality, and its share spent pending. Rule: latency."""

    pending_share: Decimal
    seconds: Mapping[str, Triangle]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The data of every rule that has some; the field is the rule's id with `_` for `-`."""

    auth: Auth
    base: Base
    mode_auto: ModeAuto
    profile: Profile
    size_grid: SizeGrid
    size_edge: SizeEdge
    size_ratio: SizeRatio
    size_pixels: SizePixels
    tier: Tiers
    derive: Derive
    aspect_ratio: AspectRatio
    price: Price
    price_auto: PriceAuto
    sync_shape: SyncShape
    output_format: OutputFormat
    background: Background
    stream: Stream
    edit_parts: EditParts
    max_references: MaxReferences
    reference_forms: ReferenceForms
    mask: Mask
    private_url: PrivateUrl
    task_created: TaskCreated
    task_poll: TaskPoll
    task_steps: TaskSteps
    fail_codes: FailCodes
    poll_errors: PollErrors
    retention: Retention
    hook_once: HookOnce
    hook_payload: HookPayload
    hook_retry: HookRetry
    error_shape: ErrorShape
    status: Status
    model: Model
    code_in_200: CodeIn200
    models: Models
    files: Files
    latency: Latency
