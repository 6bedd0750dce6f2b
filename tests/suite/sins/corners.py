"""Sins that show where two wishes meet: one format at one size, one tier with a callback."""

import json
from typing import Any

from aiohttp import web

from mock_server import bodies, middlewares, results, sync_answers
from mock_server.errors import ApiError
from mock_server.pictures import Scene
from mock_server.rules import quotes, references, requests
from mock_server.rules.sizes import Breach, Size
from mock_server.rules.tasks import Job
from mock_server.store.memory import MemoryStore
from tests.suite.plant import Handler, Plant, refuse, sin


def _scenes(plant: Plant, change: Any) -> None:
    """Let pictures be drawn from other scenes."""
    plant.wrap(results, "scene_of", lambda right, *a, **k: change(right(*a, **k)))


def _quotes(plant: Plant, is_wrong: Any, factor: Any) -> None:
    """Let some requests cost so many times as much."""

    def wrong(right: Any, self: Any, request: Any, **kwargs: Any) -> Any:
        quote = right(self, request, **kwargs)
        return quote._replace(price=quote.price * factor(quote)) if is_wrong(quote) else quote

    plant.wrap(quotes.Quotes, "of", wrong)


@sin("output-format")
def compression_means_nothing(plant: Plant) -> None:
    def wrong(scene: Scene) -> Scene:
        return scene._replace(compression=None if scene.compression is None else 100)

    _scenes(plant, wrong)


@sin("size-exact")
def jpegs_of_an_odd_height_are_higher(plant: Plant) -> None:
    def wrong(scene: Scene) -> Scene:
        is_meant = scene.output_format == "jpeg" and scene.height // 16 % 2
        return scene._replace(height=scene.height + 16) if is_meant else scene

    _scenes(plant, wrong)


@sin("background")
def large_pictures_are_never_clear(plant: Plant) -> None:
    def wrong(scene: Scene) -> Scene:
        return scene._replace(background="opaque") if scene.width > 2048 else scene

    _scenes(plant, wrong)


@sin("size-exact")
def the_fourth_picture_is_turned(plant: Plant) -> None:
    def wrong(scene: Scene) -> Scene:
        turned = scene._replace(width=scene.height, height=scene.width)
        return turned if int(scene.index) >= 3 else scene

    _scenes(plant, wrong)


@sin("derive")
def a_callback_wants_the_first_tier(plant: Plant) -> None:
    def wrong(right: Any, request: Any, table: Any, **kwargs: Any) -> Size:
        first = table.sizes.tiers[0].name
        asked = request if request.callback_url is None else request._replace(resolution=first)
        found: Size = right(asked, table, **kwargs)
        return found

    plant.wrap(requests, "size_in", wrong)


@sin("price")
def tall_pictures_cost_more_at_their_best(plant: Plant) -> None:
    def is_meant(quote: Any) -> bool:
        is_tall: bool = quote.size.height > quote.size.width
        return is_tall and quote.request.quality == "high"

    _quotes(plant, is_meant, lambda quote: 2)


@sin("price-n")
def pictures_from_a_reference_are_billed_once(plant: Plant) -> None:
    def wrong(right: Any, self: Any, request: Any, **kwargs: Any) -> Any:
        quote = right(self, request, **kwargs)
        is_meant = request.is_edit and request.n > 1
        return quote._replace(price=quote.price / request.n) if is_meant else quote

    plant.wrap(quotes.Quotes, "of", wrong)


@sin("price-n")
def several_of_automatic_quality_cost_more(plant: Plant) -> None:
    def is_meant(quote: Any) -> bool:
        return bool(quote.request.quality == "auto" and quote.request.n > 1)

    _quotes(plant, is_meant, lambda quote: 2)


@sin("n")
def at_most_four_of_the_largest_are_made(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("size") == "3840x2160" and fields.get("n", 1) > 4:
            raise refuse("n")
        return fields

    plant.fields(wrong)


@sin("free-failure")
def a_failed_edit_is_paid(plant: Plant) -> None:
    edits: set[str] = set()

    async def noting(right: Handler, request: web.Request) -> Any:
        answer = await right(request)
        if isinstance(answer, web.Response):
            edits.add(json.loads(answer.text or "{}").get("data", {}).get("taskId"))
        return answer

    def wrong(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        if ended is not None and ended.failure is not None and ended.id in edits:
            self.account(ended.account).total -= ended.price
        return ended

    async def only_tasks(right: Handler, request: web.Request) -> Any:
        is_task = b'"size"' not in await request.read()
        return await (noting(right, request) if is_task else right(request))

    plant.handler("editImage", only_tasks)
    plant.wrap(MemoryStore, "end", wrong)


@sin("auth")
def the_right_key_needs_no_scheme_of_its_own(plant: Plant) -> None:
    right = middlewares.key_of

    def wrong(mock: Any, request: web.Request) -> str:
        _, _, key = request.headers.get("Authorization", "").rpartition(" ")
        return key if key in mock.store.accounts else right(mock, request)

    plant.patch(middlewares, "key_of", wrong)


@sin("auth")
def records_are_told_without_a_key(plant: Plant) -> None:
    right = middlewares.key_of

    def wrong(mock: Any, request: web.Request) -> str:
        name = request.match_info.get("id", "")
        job = mock.store.task(name, mock.clock.now()) if "/records/" in request.path else None
        return right(mock, request) if job is None else job.account

    plant.patch(middlewares, "key_of", wrong)


@sin("status")
def nothing_is_allowed_under_the_short_prefix(plant: Plant) -> None:
    right = middlewares.identity

    @web.middleware
    async def wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await right(request, handler)
        if request.path.startswith("/v1"):
            answer.headers.pop("Allow", None)
        return answer

    plant.patch(middlewares, "identity", wrong)


@sin("status")
def results_have_no_request_id(plant: Plant) -> None:
    _plant_no_id(plant, "/results/")


@sin("status")
def uploads_have_no_request_id(plant: Plant) -> None:
    _plant_no_id(plant, "/files/")


def _plant_no_id(plant: Plant, where: str) -> None:
    right = middlewares.identity

    @web.middleware
    async def wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await right(request, handler)
        if where in request.path:
            answer.headers.pop("x-request-id", None)
        return answer

    plant.patch(middlewares, "identity", wrong)


@sin("status")
def half_a_letter_breaks_the_server(plant: Plant) -> None:
    def wrong(right: Any, data: bytes) -> Any:
        if b"\\ud800" in data:
            raise ApiError("broken", kind="internal", code="wrong")
        return right(data)

    plant.wrap(bodies, "_json_object", wrong)


@sin("response-format")
def what_a_mask_kept_is_always_inline(plant: Plant) -> None:
    def wrong(right: Any, mock: Any, request: Any, submission: Any) -> Any:
        job = submission.job
        if submission.sources.mask is not None:
            job = job._replace(request=job.request._replace(leaves_out_b64=False))
        return right(mock, request, submission._replace(job=job))

    plant.wrap(sync_answers, "answer_now", wrong)


@sin("unknown-fields")
def who_waits_may_not_say_null(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> Any:
        if b"null" in await request.read():
            raise refuse("n")
        return await right(request)

    plant.handler("createImageAndWait", wrong)


@sin("price")
def edits_of_one_cell_cost_more(plant: Plant) -> None:
    def is_meant(quote: Any) -> bool:
        asked = quote.request
        return bool(asked.is_edit and quote.tier == "2K" and asked.quality == "medium")

    _quotes(plant, is_meant, lambda quote: 2)


@sin("free-failure")
def a_failed_pair_is_paid(plant: Plant) -> None:
    _paid_failures(plant, lambda job: job.request.n == 2)


@sin("free-failure")
def a_failure_with_a_callback_is_paid(plant: Plant) -> None:
    _paid_failures(plant, lambda job: job.request.callback_url is not None)


def _paid_failures(plant: Plant, is_meant: Any) -> None:
    def wrong(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        if ended is not None and ended.failure is not None and is_meant(ended):
            self.account(ended.account).total -= ended.price
        return ended

    plant.wrap(MemoryStore, "end", wrong)


@sin("poll-errors")
def the_path_of_videos_knows_no_failures(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> Any:
        answer = await right(request)
        if isinstance(answer, web.Response) and '"failed"' in (answer.text or ""):
            return web.json_response({**json.loads(answer.text or "{}"), "code": 400})
        return answer

    plant.handler("getVideoTask", wrong)


@sin("mask")
def a_mask_of_the_same_ratio_fits(plant: Plant) -> None:
    def wrong(right: Any, mask: Any, reference: Any, table: Any) -> str | None:
        if reference and mask.width * reference.height == mask.height * reference.width:
            mask = mask._replace(width=reference.width, height=reference.height)
        problem: str | None = right(mask, reference, table)
        return problem

    plant.wrap(references, "mask_problem", wrong)


@sin("mask")
def a_webp_may_be_a_mask(plant: Plant) -> None:
    def wrong(right: Any, mask: Any, *args: Any) -> str | None:
        known = mask._replace(format="png") if mask.format == "webp" else mask
        problem: str | None = right(known, *args)
        return problem

    plant.wrap(references, "mask_problem", wrong)


@sin("stream")
def previews_count_from_one(plant: Plant) -> None:
    _events(plant, b'"partial_image_index":0', b'"partial_image_index":1')


@sin("stream")
def streams_tell_milliseconds(plant: Plant) -> None:
    _events(plant, b'"created_at":', b'"created_at":1000')


def _events(plant: Plant, told: bytes, instead: bytes) -> None:
    """Let the events of streams say something else; streaming is an extension of one profile."""
    plant.options += ["--profile", "openai"]
    right = sync_answers._event

    async def wrong(*args: Any, **kwargs: Any) -> list[bytes]:
        return [piece.replace(told, instead) for piece in await right(*args, **kwargs)]

    plant.patch(sync_answers, "_event", wrong)


@sin("size-pixels")
def edits_may_have_any_number_of_pixels(plant: Plant) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found: tuple[Breach, ...] = right(size, table)
        return tuple(each for each in found if not is_edit or each.rule != "size-pixels")

    async def edit(right: Handler, request: web.Request) -> Any:
        is_edit.append(True)
        try:
            return await right(request)
        finally:
            is_edit.clear()

    is_edit: list[bool] = []
    plant.handler("editImage", edit)
    plant.wrap(requests, "breaches", wrong)


@sin("no-credit")
def who_has_too_little_loses_it(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> bool:
        taken: bool = right(self, job, *args)
        if not taken:
            account = self.account(job.account)
            account.total = account.frozen
        return taken

    plant.wrap(MemoryStore, "submit", wrong)


@sin("status")
def a_quote_in_an_id_breaks_the_server(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> Any:
        if "'" in request.query.get("task_id", ""):
            raise ApiError("broken", kind="internal", code="wrong")
        return await right(request)

    plant.handler("getTask", wrong)


@sin("status")
def bodies_need_not_be_utf_8(plant: Plant) -> None:
    plant.wrap(bodies, "_json_object", lambda right, data: right(data.decode("latin-1").encode()))


@sin("size-exact")
def hard_pressed_pictures_measure_even_steps(plant: Plant) -> None:
    def wrong(scene: Scene) -> Scene:
        is_meant = scene.compression is not None and scene.compression < 50
        even = scene._replace(width=scene.width // 32 * 32, height=scene.height // 32 * 32)
        return even if is_meant else scene

    _scenes(plant, wrong)
