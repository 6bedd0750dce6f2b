"""Every fact of the contract that the server acts by, as frozen records."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from mock_server.errors import ErrorTable
from mock_server.rules.hooks import HookTable
from mock_server.rules.latency import LatencyTable
from mock_server.rules.modes import Profile
from mock_server.rules.pricing import PriceList
from mock_server.rules.references import ReferenceTable
from mock_server.rules.requests import Defaults, ModelTable, RequestTable
from mock_server.rules.sizes import SizeTable
from mock_server.rules.tasks import TaskTable

__all__ = ["Contract", "ModelCard", "Route", "StreamEvents"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the contract: where it is and who may call it."""

    operation_id: str
    method: str
    path: str
    needs_key: bool
    media_types: tuple[str, ...]
    body_schemas: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """The names of a stream's events, for generations or for edits."""

    partial: str
    completed: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What every entry of the model list says."""

    created: int
    owned_by: str
    modality: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Contract:
    """Every fact of the contract that the server acts by."""

    document: Mapping[str, object]
    source: bytes
    routes: tuple[Route, ...]
    prefixes: tuple[str, ...]
    auth_scheme: str
    key_prefix: str
    absent_sizes: frozenset[str]
    sizes: SizeTable
    ratio_auto: str
    prices: PriceList
    latencies: LatencyTable
    media_types: Mapping[str, str]
    opaque_formats: frozenset[str]
    references: ReferenceTable
    models: ModelTable
    model_card: ModelCard
    defaults: Defaults
    tasks: TaskTable
    poll_missing: str
    poll_hint: str
    hooks: HookTable
    retention_s: int
    errors: ErrorTable
    failure_code_min: int
    generation_events: StreamEvents
    edit_events: StreamEvents
    extras: tuple[str, ...]
    upload_part: str
    profiles: Mapping[str, Profile]
    default_profile: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the file, to tell whether two readers read the same one."""
        return hashlib.sha256(self.source).hexdigest()

    def request_table(self, profile: str, *, aliases: tuple[str, ...] = ()) -> RequestTable:
        """What reading a request needs, in that profile and with further model aliases."""
        models = ModelTable(
            self.models.supported, self.models.aliases | set(aliases), self.models.refusal
        )
        return RequestTable(
            sizes=self.sizes,
            models=models,
            defaults=self.defaults,
            profile=self.profiles[profile],
            ratio_auto=self.ratio_auto,
            opaque_formats=self.opaque_formats,
        )
