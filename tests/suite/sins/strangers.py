"""Sins of servers that are right nearly everywhere and wrong in one corner."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aiohttp import web

from mock_server import app, bodies, middlewares
from mock_server.errors import ApiError
from mock_server.mock import EXCHANGE, MOCK
from mock_server.rules import requests
from mock_server.rules.sizes import Breach, Size
from mock_server.store.memory import MemoryStore
from tests.suite.plant import Handler, Plant, refuse, sin

ONCE_MORE = Breach("size-edge", "is not liked")


@sin("size-grid")
def the_grid_is_finer_above_two_thousand(plant: Plant) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        fine = replace(table, multiple=table.multiple // 2) if size.long_edge > 2048 else table
        found: tuple[Breach, ...] = right(size, fine)
        return found

    plant.wrap(requests, "breaches", wrong)


@sin("size-edge")
def the_longest_edge_is_taken_at_its_corners_alone(plant: Plant) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found: tuple[Breach, ...] = right(size, table)
        is_amid = size.long_edge == table.long_edge_max and 1280 < size.short_edge < 2160
        return (*found, ONCE_MORE) if is_amid else found

    plant.wrap(requests, "breaches", wrong)


@sin("size-pixels")
def a_square_may_have_too_many_pixels(plant: Plant) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found: tuple[Breach, ...] = right(size, table)
        is_square = size.width == size.height
        return tuple(each for each in found if not is_square or each.rule != "size-pixels")

    plant.wrap(requests, "breaches", wrong)


@sin("size-ratio")
def three_to_one_is_too_steep_in_the_middle_tier(plant: Plant) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found: tuple[Breach, ...] = right(size, table)
        is_steep = size.long_edge == 3 * size.short_edge and 1536 < size.long_edge <= 2048
        return (*found, Breach("size-ratio", "is not liked")) if is_steep else found

    plant.wrap(requests, "breaches", wrong)


@sin("derive")
def a_tall_decimal_ratio_lies_down(plant: Plant) -> None:
    def wrong(right: Any, request: Any, table: Any, **kwargs: Any) -> Size:
        found: Size = right(request, table, **kwargs)
        is_meant = "." in request.aspect_ratio and found.height > 2 * found.width
        return Size(found.height, found.width) if is_meant else found

    plant.wrap(requests, "size_in", wrong)


@sin("retention")
def two_tasks_are_remembered(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Any:
        ended = right(self, job_id, **kwargs)
        for old in [job.id for job in self._tasks.values() if job.ended_at is not None][:-2]:
            del self._tasks[old]
        return ended

    plant.wrap(MemoryStore, "end", wrong)


@sin("mode-both")
def a_task_measures_what_the_tier_says(plant: Plant) -> None:
    def wrong(right: Any, request: Any, table: Any, **kwargs: Any) -> Size:
        asked = request if request.callback_url is None else request._replace(size=None)
        found: Size = right(asked, table, **kwargs)
        return found

    plant.wrap(requests, "size_in", wrong)


@sin("auth")
def a_key_in_the_query_is_taken(plant: Plant) -> None:
    right = middlewares.key_of

    def wrong(mock: Any, request: web.Request) -> str:
        try:
            return right(mock, request)
        except ApiError:
            if found := request.query.get("api_key"):
                return found
            raise

    plant.patch(middlewares, "key_of", wrong)


@sin("auth")
def half_of_the_service_is_open(plant: Plant) -> None:
    right = middlewares.key_of

    def wrong(mock: Any, request: web.Request) -> str:
        is_open = request.path.startswith("/v1") and "Authorization" not in request.headers
        return "sk_anybody" if is_open else right(mock, request)

    plant.patch(middlewares, "key_of", wrong)


@sin("base")
def uploads_are_unknown_under_the_short_prefix(plant: Plant) -> None:
    _unknown_under_the_short_prefix(plant, "uploadFile")


@sin("base")
def results_are_unknown_under_the_short_prefix(plant: Plant) -> None:
    _unknown_under_the_short_prefix(plant, "getResult")


def _unknown_under_the_short_prefix(plant: Plant, operation: str) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/v1"):
            raise ApiError("not here", kind="not_found", code="wrong")
        return await right(request)

    plant.handler(operation, wrong)


@sin("auth")
def the_record_of_a_call_is_everybodys(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        mock = request.app[MOCK]
        call = mock.store.call(request.match_info["id"], mock.clock.now())
        if call is not None:
            request[EXCHANGE].account = call.account
        return await right(request)

    plant.handler("getRecord", wrong)


@sin("settle-once")
def what_was_refused_has_a_record(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        try:
            return await right(request)
        except ApiError:
            name = request.match_info["id"]
            if not name.startswith("req_"):
                raise
            data = {"taskId": name, "settled": True, "credits": 0, "currency": "USD"}
            return web.json_response({"code": 200, "msg": "success", "data": data})

    plant.handler("getRecord", wrong)


@sin("status")
def json_may_not_name_its_encoding(plant: Plant) -> None:
    right = bodies._media_type

    def wrong(request: web.Request, allowed: tuple[str, ...]) -> str:
        if "charset" in request.headers.get("Content-Type", ""):
            raise ApiError("which?", kind="unsupported_media_type", code="wrong")
        return right(request, allowed)

    plant.patch(bodies, "_media_type", wrong)


@sin("status")
def a_zero_in_a_prompt_is_too_much(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        if "\0" in str(fields.get("prompt")):
            raise RuntimeError("a zero")
        return fields

    plant.fields(wrong)


@sin("settle-once")
def the_balance_is_told_in_euros(plant: Plant) -> None:
    plant.answers("getBalance", change=lambda d: {**d, "data": {**d["data"], "currency": "EUR"}})


@sin("settle-once")
def a_record_of_two_tells_the_price_of_one(plant: Plant) -> None:
    seen: set[float] = set()

    def wrong(data: Any) -> Any:
        seen.add(data["data"]["credits"])
        least = min(each for each in seen | {1000.0} if each)
        credits_ = least if data["data"]["credits"] == least * 2 else data["data"]["credits"]
        return {**data, "data": {**data["data"], "credits": credits_}}

    plant.answers("getRecord", change=wrong)


@sin("response-format")
def a_task_may_ask_for_any_response_format(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        return fields if "size" in fields else {**fields, "response_format": None}

    plant.fields(wrong)


@sin("settle-once")
def an_upload_is_paid(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        answer = await right(request)
        store = request.app[MOCK].store
        store.account(str(request[EXCHANGE].account)).total -= Decimal("0.001")
        return answer

    plant.handler("uploadFile", wrong)


@sin("model")
def an_edit_as_json_may_have_any_model(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "model": "gpt-image-2-all"} if _is_json_edit(fields) else fields

    plant.fields(wrong)


@sin("model")
def the_list_of_models_ends_in_a_full_stop(plant: Plant) -> None:
    _reword(plant, "Supported models: ", lambda text: f"{text}.")


@sin("prompt")
def blanks_around_a_prompt_do_not_count(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        prompt = fields.get("prompt")
        return fields | {"prompt": prompt.strip()} if isinstance(prompt, str) else fields

    plant.fields(wrong)


def _reword(plant: Plant, words: str, change: Callable[[str], str]) -> None:
    """Let the message of a refusal that holds these words be another."""

    def wrong(answer: web.Response) -> web.Response:
        body = json.loads(answer.text or "null")
        if words in body["msg"]:
            body["msg"] = body["error"]["message"] = change(body["msg"])
            return web.json_response(body, status=answer.status, headers=_kept(answer))
        return answer

    plant.refusals(wrong)


def _kept(answer: web.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("x-")}


@sin("n")
def a_task_makes_no_more_than_four(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        n = fields.get("n")
        if "size" not in fields and isinstance(n, int) and n > 4:
            raise refuse("n")
        return fields

    plant.fields(wrong)


@sin("task-created")
def an_id_is_the_time_of_day(plant: Plant) -> None:
    right = app._new_ids

    def wrong() -> Iterator[str]:
        return (f"{time.time_ns():x}" for _ in right())

    plant.patch(app, "_new_ids", wrong)


@sin("status")
def every_answer_has_the_same_id(plant: Plant) -> None:
    right = middlewares.identity

    @web.middleware
    async def wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await right(request, handler)
        answer.headers["x-request-id"] = "req_the_only_one"
        return answer

    plant.patch(middlewares, "identity", wrong)


def _is_json_edit(fields: dict[str, Any]) -> bool:
    images = fields.get("images")
    return isinstance(images, list) and any(isinstance(each, dict) for each in images)
