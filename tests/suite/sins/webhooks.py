"""Sins against webhooks."""

import json
from functools import partial
from typing import Any

from mock_server import webhooks
from mock_server.rules import references as reference_rules
from mock_server.webhooks import Postman
from tests.suite.plant import Plant, sin


@sin("hook-once")
def the_webhook_comes_twice(plant: Plant) -> None:
    right = Postman._deliver

    async def wrong(self: Postman, *args: Any) -> None:
        await right(self, *args)
        await right(self, *args)

    plant.patch(Postman, "_deliver", wrong)


@sin("hook-once")
def the_webhook_never_comes(plant: Plant) -> None:
    plant.patch(Postman, "deliver", lambda self, job, *a: None)


@sin("hook-once")
def the_webhook_comes_before_the_end(plant: Plant) -> None:
    def wrong(right: Any, self: Postman, job: Any, param: Any, settle: Any) -> None:
        right(self, job, param, settle)
        self._params[job.id] = param
        self.deliver(job._replace(ended_at=job.due_at))

    plant.wrap(Postman, "watch", wrong)
    right_deliver = Postman.deliver
    done: set[str] = set()

    def once(self: Postman, job: Any, *args: Any) -> None:
        if job.id not in done:
            done.add(job.id)
            right_deliver(self, job, *args)

    plant.patch(Postman, "deliver", once)


@sin("hook-once")
def the_webhook_is_put(plant: Plant) -> None:
    plant.change({"hook-once/data/method": "PUT"})


@sin("hook-once")
def the_webhook_is_plain_text(plant: Plant) -> None:
    plant.change({"hook-once/data/content_type": "text/plain"})


@sin("hook-once")
def failed_tasks_send_no_webhook(plant: Plant) -> None:
    plant.wrap(
        Postman,
        "deliver",
        lambda right, self, job, *a: None if job.failure else right(self, job, *a),
    )


def _payload(plant: Plant, change: Any) -> None:
    plant.wrap(webhooks, "hook_payload", lambda right, *a, **k: change(right(*a, **k)))


def _changed(name: str, change: Any) -> Any:
    def wrong(payload: dict[str, Any]) -> dict[str, Any]:
        data = payload["data"]
        return {**payload, "data": {**data, name: change(data[name])}}

    return wrong


@sin("hook-once")
def the_query_of_a_callback_is_lost(plant: Plant) -> None:
    def wrong(right: Any, self: Postman, job: Any, url: str, *args: Any) -> Any:
        return right(self, job, url.partition("?")[0], *args)

    plant.wrap(Postman, "_deliver", wrong)


@sin("hook-once")
def only_the_first_account_is_told(plant: Plant) -> None:
    told: list[str] = []

    def wrong(right: Any, self: Postman, job: Any, *args: Any) -> None:
        told.append(job.account)
        if job.account == told[0]:
            right(self, job, *args)

    plant.wrap(Postman, "deliver", wrong)


@sin("hook-payload")
def the_param_is_told_in_ascii(plant: Plant) -> None:
    _payload(plant, _changed("param", lambda text: text.encode("ascii", "replace").decode()))


@sin("hook-payload")
def the_param_is_an_object(plant: Plant) -> None:
    _payload(plant, _changed("param", json.loads))


@sin("hook-payload")
def the_result_is_an_object(plant: Plant) -> None:
    _payload(plant, _changed("resultJson", lambda text: text and json.loads(text)))


@sin("hook-payload")
def the_webhook_is_the_poll(plant: Plant) -> None:
    def wrong(payload: dict[str, Any]) -> dict[str, Any]:
        data = payload["data"]
        urls = json.loads(data["resultJson"] or '{"resultUrls": []}')["resultUrls"]
        poll = {k: data[k] for k in ("taskId", "state", "model", "createTime")}
        return {**payload, "data": {**poll, "resultUrls": urls}}

    _payload(plant, wrong)


@sin("hook-payload")
def a_completed_task_has_a_fail_code(plant: Plant) -> None:
    _payload(plant, _changed("failCode", lambda code: code or ""))


@sin("hook-payload")
def a_failed_task_has_a_result(plant: Plant) -> None:
    _payload(plant, _changed("resultJson", lambda text: text or '{"resultUrls": []}'))


@sin("hook-retry")
def two_retries_only(plant: Plant) -> None:
    plant.options += ["--time-scale", "0.25"]  # in haste, an attempt may be lost
    plant.change({"hook-retry/data/retry_after_s": [1, 2]})


@sin("hook-retry")
def retries_without_growing_delays(plant: Plant) -> None:
    plant.change({"hook-retry/data/retry_after_s": [1, 1, 1]})


@sin("hook-retry")
def no_retry_at_all(plant: Plant) -> None:
    plant.change({"hook-retry/data/give_up_after_s": 0})


@sin("hook-retry")
def no_background_retry(plant: Plant) -> None:
    plant.change({"hook-retry/data/give_up_after_s": 8})


@sin("hook-retry")
def the_background_retry_never_ends(plant: Plant) -> None:
    plant.change({"hook-retry/data/give_up_after_s": 1_000_000})


@sin("hook-retry")
def redirects_are_followed(plant: Plant) -> None:
    async def wrong(asked: Any, method: str, url: Any, **kwargs: Any) -> Any:
        return await asked(method, url, **{**kwargs, "allow_redirects": True})

    _posted(plant, wrong)


@sin("hook-retry")
def redirects_to_a_whole_url_are_followed(plant: Plant) -> None:
    async def wrong(asked: Any, method: str, url: Any, **kwargs: Any) -> Any:
        answer = await asked(method, url, **kwargs)
        place = answer.headers.get("Location", "")
        return await asked(method, place, **kwargs) if "://" in place else answer

    _posted(plant, wrong)


def _posted(plant: Plant, wrong: Any) -> None:
    """Let webhooks be sent otherwise; `wrong` is given how they are sent."""
    right = Postman._session

    def session_of(self: Postman) -> Any:
        session = right(self)
        if not hasattr(session, "_wrong"):
            object.__setattr__(session, "_request", partial(wrong, session._request))
            object.__setattr__(session, "_wrong", True)
        return session

    plant.patch(Postman, "_session", session_of)


@sin("callback-url")
def any_text_is_a_callback_url(plant: Plant) -> None:
    plant.fields(lambda f: {k: v for k, v in f.items() if k != "callback_url" or _is_url(v)})


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and reference_rules.http_url(value) is not None


@sin("callback-url")
def callback_urls_may_not_be_long(plant: Plant) -> None:
    plant.change({"components/schemas/CallbackUrl/maxLength": 2047})
