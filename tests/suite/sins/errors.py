"""Sins against errors, models and prompts."""

from typing import Any

from aiohttp import web

from mock_server import bodies, middlewares
from mock_server.errors import ApiError
from tests.suite.plant import Plant, sin


@sin("error-shape")
def refusals_are_plain_text(plant: Plant) -> None:
    plant.refusals(lambda a: web.Response(status=a.status, text="no", headers=_kept(a)))


def _kept(answer: web.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k.lower() in ("allow", "www-authenticate")}


@sin("error-shape")
def unknown_paths_are_plain_text(plant: Plant) -> None:
    plant.refusals(lambda a: web.Response(status=404, text="no") if a.status == 404 else a)


@sin("error-shape")
def refusals_say_nothing(plant: Plant) -> None:
    plant.refusals(lambda a: web.json_response({"ok": False}, status=a.status, headers=_kept(a)))


@sin("error-precise")
def refusals_do_not_say_what_came(plant: Plant) -> None:
    plant.refusals(
        lambda a: (
            web.json_response(
                {"code": a.status, "msg": "bad request", "error": {"message": "bad request"}},
                status=a.status,
                headers=_kept(a),
            )
            if a.status == 400
            else a
        )
    )


@sin("status")
def broken_json_is_the_servers_fault(plant: Plant) -> None:
    def wrong(data: bytes) -> Any:
        try:
            return right(data)
        except ApiError as error:
            error.status = 500
            raise

    right = bodies._json_object
    plant.patch(bodies, "_json_object", wrong)


@sin("status")
def another_media_type_is_a_bad_request(plant: Plant) -> None:
    plant.change({"status/data/errors/unsupported_media_type/status": 400})


@sin("status")
def the_allowed_methods_are_not_named(plant: Plant) -> None:
    def wrong(answer: web.Response) -> web.Response:
        answer.headers.popall("Allow", None)
        return answer

    plant.refusals(wrong)


@sin("status")
def variations_are_not_allowed(plant: Plant) -> None:
    right = middlewares._api_error

    def refused(mock: Any, request: web.Request, error: Any) -> ApiError:
        found = right(mock, request, error)
        if request.path.endswith("/images/variations"):
            found.status = 405
            found.headers = {"Allow": "POST"}
        return found

    plant.patch(middlewares, "_api_error", refused)


@sin("status")
def answers_have_no_request_id(plant: Plant) -> None:
    plant.patch(middlewares, "REQUEST_ID", "x-id")


@sin("status")
def every_request_has_the_same_id(plant: Plant) -> None:
    right = middlewares.identity

    @web.middleware
    async def same(request: web.Request, handler: Any) -> web.StreamResponse:
        answer = await right(request, handler)
        if not answer.prepared and answer.status != 200:
            answer.headers["x-request-id"] = "req_same"
        return answer

    plant.patch(middlewares, "identity", same)


@sin("model")
def any_model_is_taken(plant: Plant) -> None:
    plant.fields(lambda f: {**f, "model": "gpt-image-2-all"} if "model" in f else f)


@sin("model")
def the_model_may_be_missing(plant: Plant) -> None:
    plant.fields(lambda f: {"model": "gpt-image-2-all", **f})


@sin("model")
def the_supported_models_are_not_named(plant: Plant) -> None:
    plant.change({"model/data/refusal": ["Invalid model: ", ""]})


@sin("models")
def aliases_are_listed(plant: Plant) -> None:
    plant.answers(
        "listModels",
        change=lambda d: {**d, "data": [*d["data"], {**d["data"][0], "id": "gpt-image-2"}]},
    )


@sin("models")
def the_list_is_no_list(plant: Plant) -> None:
    plant.answers("listModels", change=lambda d: {**d, "object": "models"})


@sin("models")
def a_model_has_no_owner(plant: Plant) -> None:
    plant.answers("getModel", change=lambda d: {k: v for k, v in d.items() if k != "owned_by"})


@sin("prompt")
def one_character_more(plant: Plant) -> None:
    plant.change({"components/schemas/Prompt/maxLength": 32_001})


@sin("prompt")
def one_character_less(plant: Plant) -> None:
    plant.change({"components/schemas/Prompt/maxLength": 31_999})


@sin("prompt")
def a_blank_prompt_is_a_prompt(plant: Plant) -> None:
    plant.change({"components/schemas/Prompt/pattern": "."})


@sin("status")
def a_prompt_may_be_a_number(plant: Plant) -> None:
    plant.fields(
        lambda f: {**f, "prompt": str(f["prompt"])} if isinstance(f.get("prompt"), int) else f
    )


@sin("prompt")
def the_prompt_may_be_missing(plant: Plant) -> None:
    plant.fields(lambda f: {"prompt": "anything", **f})
