"""The rules of the contract file, each read once and from the one entry that is its home."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from mock_server.facts import Contract, Route
from mock_server.rows import (
    error_table,
    event_names,
    model_card,
    networks,
    price_row,
    rule_data,
    tier_row,
    triangle,
)
from mock_server.rules.hooks import HookTable
from mock_server.rules.latency import LatencyTable
from mock_server.rules.modes import Profile
from mock_server.rules.pricing import PriceList
from mock_server.rules.references import ReferenceTable
from mock_server.rules.requests import Defaults, ModelTable
from mock_server.rules.sizes import SizeTable, Tier
from mock_server.rules.tasks import TaskTable
from mock_server.section import ContractError, Section

__all__ = ["Rulebook"]

T = TypeVar("T")


class Rulebook:
    """The entries of `x-contract.rules`, each read once."""

    def __init__(self, root: Section, schemas: Section) -> None:
        self._root = root
        self._schemas = schemas
        self._rules = root.section("rules")
        self._data: dict[str, Section] = {}
        root.whole("version")
        root.anything("example_request")
        for name, entry in self._rules.sections():
            self._data[name] = rule_data(entry)
            entry.done()

    def __getitem__(self, rule: str) -> Section:
        if rule not in self._data:
            raise ContractError(self._rules.place, f"the rule {rule!r} is missing")
        return self._data[rule]

    def done(self) -> None:
        """Refuse keys that nobody read."""
        self._root.done()
        for data in self._data.values():
            data.done()

    def contract(
        self, *, document: Mapping[str, object], source: bytes, routes: tuple[Route, ...]
    ) -> Contract:
        """The whole contract; every fact is taken from the one entry that is its home."""
        sizes = self._sizes()
        prices = self._prices(sizes)
        models = self._models()
        status = self["status"]
        return Contract(
            document=document,
            source=source,
            routes=routes,
            prefixes=self["base"].texts("prefixes"),
            auth_scheme=self["auth"].text("scheme"),
            key_prefix=self["auth"].text("key_prefix"),
            absent_sizes=frozenset(self["mode-auto"].texts("absent")),
            sizes=sizes,
            ratio_auto=self["aspect-ratio"].text("auto"),
            prices=prices,
            latencies=self._latencies(prices),
            media_types=self._media_types(),
            opaque_formats=self._opaque_formats(),
            references=self._references(),
            models=models,
            model_card=model_card(self["models"]),
            defaults=self._defaults(),
            tasks=self._tasks(),
            poll_missing=self["poll-errors"].text("missing_text"),
            poll_hint=self["poll-errors"].text("hint"),
            hooks=self._hooks(),
            retention_s=self["retention"].whole("seconds"),
            errors=error_table(self["error-shape"], status),
            failure_code_min=self["code-in-200"].whole("failure_min"),
            generation_events=event_names(self["stream"].section("events").section("generation")),
            edit_events=event_names(self["stream"].section("events").section("edit")),
            extras=self._extras(),
            upload_part=self["files"].text("part"),
            profiles=self._profiles(models, sizes, prices),
            default_profile=self["profile"].text("default"),
        )

    def _agree(self, schema: str, names: tuple[str, ...], place: str) -> None:
        """A table of the rules has to cover the schema's values, or the two would drift apart."""
        allowed = self._enum(schema)
        for name in allowed:
            if name not in names:
                where = f"components.schemas.{schema}.enum"
                raise ContractError(place, f"{name!r} is missing, which {where} allows")
        for name in names:
            if name not in allowed:
                where = f"components.schemas.{schema}.enum"
                raise ContractError(f"{place}.{name}", f"is not among the values of {where}")

    def _have_fields(self, schemas: Sequence[str], names: Sequence[str], place: str) -> None:
        """A field that no schema knows would be asked of a task that cannot have it."""
        there = {
            name
            for schema in schemas
            for name in self._schemas.section(schema).section("properties").raw
        }
        for name in names:
            if name not in there:
                raise ContractError(place, f"no task has the field {name!r}")

    def _enum(self, schema: str) -> list[str]:
        values = self._schemas.section(schema).items("enum")
        return [str(value) for value in values if value is not None]

    def _sizes(self) -> SizeTable:
        tiers = tuple(tier_row(entry) for entry in self["tier"].entries("tiers"))
        self._resolutions(tiers)
        return SizeTable(
            multiple=self["size-grid"].whole("multiple"),
            long_edge_max=self["size-edge"].whole("long_edge_max"),
            ratio_max=self["size-ratio"].ratio("long_to_short_max"),
            pixels_min=self["size-pixels"].whole("pixels_min"),
            pixels_max=self["size-pixels"].whole("pixels_max"),
            tiers=tiers,
        )

    def _resolutions(self, tiers: tuple[Tier, ...]) -> None:
        both_cases = [c for tier in tiers for c in (tier.name.upper(), tier.name.lower())]
        self._agree("Resolution", tuple(both_cases), self["tier"].place + ".tiers")

    def _prices(self, sizes: SizeTable) -> PriceList:
        data = self["price"]
        table = data.section("per_image")
        billed_as = self["price-auto"].mapping("billed_as", Section.text)
        prices = {tier.name: table.section(tier.name) for tier in sizes.tiers}
        per_image = {name: price_row(cells) for name, cells in prices.items()}
        for name, cells in per_image.items():
            self._agree("Quality", (*cells, *billed_as), prices[name].place)
        table.done()
        return PriceList(currency=data.text("currency"), per_image=per_image, billed_as=billed_as)

    def _latencies(self, prices: PriceList) -> LatencyTable:
        data = self["latency"]
        seconds = data.section("seconds")
        triangles = {name: triangle(entry) for name, entry in seconds.sections()}
        self._agree("Quality", (*triangles, *prices.billed_as), seconds.place)
        return LatencyTable(float(data.decimal("pending_share")), triangles)

    def _media_types(self) -> dict[str, str]:
        media_types = self["output-format"].mapping("media_types", Section.text)
        place = self["output-format"].place + ".media_types"
        self._agree("OutputFormat", tuple(media_types), place)
        return media_types

    def _opaque_formats(self) -> frozenset[str]:
        data = self["background"]
        alpha = data.mapping("alpha", Section.text)
        self._agree("Background", tuple(alpha), data.place + ".alpha")
        for background, needs in alpha.items():
            _all_among((_ALPHA.get(background, "either"),), (needs,), f"{data.place}.alpha")
        return frozenset(data.texts("formats_without_alpha"))

    def _extras(self) -> tuple[str, ...]:
        data = self["sync-shape"]
        extras = data.texts("extras")
        _all_among(_EXTRAS, extras, f"{data.place}.extras")
        return extras

    def _references(self) -> ReferenceTable:
        forms, parts, mask = self["reference-forms"], self["edit-parts"], self["mask"]
        private = self["private-url"]
        limit = self["max-references"].whole("max")
        self._reference_lists(limit)
        return ReferenceTable(
            single=forms.texts("single"),
            many=forms.texts("many"),
            formats=forms.texts("formats"),
            max_references=limit,
            max_bytes=forms.whole("max_bytes"),
            max_pixels=forms.whole("max_pixels"),
            image_parts=parts.texts("image_parts"),
            mask_part=parts.text("mask_part"),
            mask_fields=mask.texts("fields"),
            mask_formats=mask.texts("formats"),
            private_networks=networks(private),
            private_suffixes=private.texts("host_suffixes"),
            private_text=private.text("text"),
            private_fail_code=private.text("fail_code"),
        )

    def _reference_lists(self, limit: int) -> None:
        for name in ("ReferenceList", "EditImages", "UploadedPictures"):
            schema = self._schemas.section(name)
            if schema.whole("maxItems") != limit:
                place = f"{schema.place}.maxItems"
                raise ContractError(place, f"must be the {limit} of the rule max-references")

    def _models(self) -> ModelTable:
        data = self["model"]
        supported = data.texts("supported")
        if not supported:
            raise ContractError(f"{data.place}.supported", "must not be empty")
        before, between = data.texts("refusal", count=2)
        return ModelTable(supported, frozenset(data.texts("aliases")), (before, between))

    def _defaults(self) -> Defaults:
        derive = self["derive"]
        default = self._default
        return Defaults(
            quality=default("Quality", Section.text),
            n=default("N", Section.whole),
            response_format=default("ResponseFormat", Section.text),
            output_format=default("OutputFormat", Section.text),
            output_compression=default("OutputCompression", Section.whole),
            background=default("Background", Section.text),
            partial_images=default("PartialImages", Section.whole),
            resolution=derive.text("default_resolution"),
            aspect_ratio=derive.text("default_aspect_ratio"),
        )

    def _default(self, schema: str, read: Callable[[Section, str], T]) -> T:
        return read(self._schemas.section(schema), "default")

    def _tasks(self) -> TaskTable:
        created, steps = self["task-created"], self["task-steps"]
        following = steps.mapping("next", Section.texts)
        states = tuple(following)
        self._agree("TaskState", states, steps.place + ".next")
        for state, allowed in following.items():
            _all_among(states, allowed, f"{steps.place}.next.{state}")
        fields = self["task-poll"].mapping("fields", Section.texts)
        self._agree("TaskState", tuple(fields), self["task-poll"].place + ".fields")
        if steps.text("initial") != states[0] or created.text("state") != states[0]:
            raise ContractError(f"{steps.place}.initial", f"must be {states[0]}, as in next")
        retryable = self["fail-codes"].mapping("retryable", Section.flag)
        self._agree("FailCode", tuple(retryable), self["fail-codes"].place + ".retryable")
        if len(states) != len(_STATE_MEANINGS):
            raise ContractError(
                f"{steps.place}.next", f"must be four: {', '.join(_STATE_MEANINGS)}"
            )
        pending, processing, completed, failed = states
        besides = {completed: "TaskCompletion", failed: "TaskFailure"}
        for state, names in fields.items():
            there = [schema for schema in ("Task", besides.get(state)) if schema is not None]
            self._have_fields(there, names, f"{self['task-poll'].place}.fields.{state}")
        from_text, from_image = self._schemas.section("ModelType").texts("enum", count=2)
        return TaskTable(
            code=created.whole("code"),
            msg=created.text("msg"),
            pending=pending,
            processing=processing,
            completed=completed,
            failed=failed,
            from_text=from_text,
            from_image=from_image,
            retryable=retryable,
        )

    def _hooks(self) -> HookTable:
        once, retry, payload = self["hook-once"], self["hook-retry"], self["hook-payload"]
        _all_among(_PAYLOAD_TEXTS, payload.texts("json_strings"), f"{payload.place}.json_strings")
        null_when = payload.mapping("null_when", Section.texts)
        _all_among(self._enum("TaskState"), null_when, f"{payload.place}.null_when")
        return HookTable(
            method=once.text("method"),
            content_type=once.text("content_type"),
            success=range(once.whole("success_min"), once.whole("success_max") + 1),
            retry_after_s=tuple(retry.numbers("retry_after_s")),
            attempt_timeout_s=retry.number("attempt_timeout_s"),
            background_every_s=retry.number("background_every_s"),
            give_up_after_s=retry.number("give_up_after_s"),
            null_when={state: frozenset(names) for state, names in null_when.items()},
        )

    def _profiles(
        self, models: ModelTable, sizes: SizeTable, prices: PriceList
    ) -> dict[str, Profile]:
        data = self["profile"]
        names = data.texts("names")
        section = data.section("openai")
        synonyms = section.mapping("quality_synonyms", Section.text)
        known = {*prices.billed_as, *next(iter(prices.per_image.values()))}
        for name, quality in synonyms.items():
            if quality not in known:
                place = f"{section.place}.quality_synonyms.{name}"
                raise ContractError(place, f"{quality!r} is not a quality")
        openai = Profile(
            "openai",
            default_size=section.text("default_size"),
            default_model=models.supported[0],
            any_model=True,
            quality_synonyms=synonyms,
            ignored_fields=frozenset(section.texts("ignored_fields")),
            extras=True,
            streams=True,
        )
        known_profiles = {"provider": Profile("provider"), "openai": openai}
        for name in names:
            if name not in known_profiles:
                raise ContractError(f"{data.place}.names", f"unknown profile {name!r}")
        return {name: known_profiles[name] for name in names}


_STATE_MEANINGS = ("waiting", "at work", "ended well", "ended badly")
# What the mock draws and sends, whatever the contract says of it.
_ALPHA = {"transparent": "required", "opaque": "forbidden"}
_PAYLOAD_TEXTS = ("param", "resultJson")
_EXTRAS = ("background", "output_format", "quality", "size", "usage")


def _all_among(allowed: Iterable[str], names: Iterable[str], place: str) -> None:
    known = list(allowed)
    for name in names:
        if name not in known:
            raise ContractError(place, f"{name!r} is not among {', '.join(known)}")
