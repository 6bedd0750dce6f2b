"""Sins against synchronous answers and their pictures."""

import base64
import io
from typing import Any

from aiohttp import web
from PIL import Image

from mock_server import results
from mock_server.rules import requests
from mock_server.rules.modes import Mode
from tests.suite.plant import Handler, Plant, refuse, sin


def _each(change: Any) -> Any:
    """A change of every picture of a synchronous answer."""

    def changed(data: Any) -> Any:
        if "created" in data:
            data["data"] = [change(dict(picture)) for picture in data["data"]]
        return data

    return changed


def _without(name: str) -> Any:
    return _each(lambda picture: {k: v for k, v in picture.items() if k != name})


@sin("sync-shape")
def pictures_have_no_url(plant: Plant) -> None:
    plant.answers("createImage", change=_without("url"))


@sin("sync-shape")
def pictures_have_no_base64(plant: Plant) -> None:
    plant.answers("createImage", change=_without("b64_json"))


@sin("sync-shape")
def created_is_in_milliseconds(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=lambda d: {**d, "created": d["created"] * 1000} if "created" in d else d,
    )


@sin("sync-shape")
def created_is_no_integer(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=lambda d: {**d, "created": d["created"] + 0.5} if "created" in d else d,
    )


@sin("sync-shape")
def the_base64_has_line_ends(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=_each(lambda p: {**p, "b64_json": p["b64_json"][:76] + "\n" + p["b64_json"][76:]}),
    )


@sin("sync-shape")
def one_picture_is_missing(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=lambda d: (
            {**d, "data": d["data"][:-1]} if "created" in d and len(d["data"]) > 1 else d
        ),
    )


@sin("same-bytes")
def the_url_serves_another_encoding(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        answer = await right(request)
        body = answer.body if isinstance(answer, web.Response) else None
        if not isinstance(body, bytes):
            body = body.decode("latin-1").encode("latin-1")  # type: ignore[union-attr]
        return web.Response(body=body + b"\0", content_type=answer.content_type)

    plant.handler("getResult", wrong)


@sin("same-bytes")
def every_url_serves_the_first_picture(plant: Plant) -> None:
    plant.wrap(
        results,
        "_find",
        lambda right, mock, name: (
            None if (found := right(mock, name)) is None else found._replace(number=0)
        ),
    )


@sin("same-bytes")
def the_url_needs_a_key(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.json_response({"code": 401, "msg": "a key is needed"}, status=401)
        return await right(request)

    plant.handler("getResult", wrong)


@sin("same-bytes")
def the_url_serves_any_bytes(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        answer = await right(request)
        answer.content_type = "application/octet-stream"
        return answer

    plant.handler("getResult", wrong)


@sin("n")
def nine_are_the_most(plant: Plant) -> None:
    plant.change({"components/schemas/N/maximum": 9})


@sin("n")
def eleven_are_taken(plant: Plant) -> None:
    plant.change({"components/schemas/N/maximum": 11})


@sin("n")
def none_is_taken_as_one(plant: Plant) -> None:
    plant.fields(lambda f: {**f, "n": 1} if f.get("n") == 0 and f.get("n") is not False else f)


@sin("n")
def text_is_a_number(plant: Plant) -> None:
    plant.fields(lambda f: {**f, "n": int(f["n"])} if str(f.get("n")).isdigit() else f)


@sin("n")
def one_point_nought_is_no_integer(plant: Plant) -> None:
    def strict(fields: dict[str, Any]) -> dict[str, Any]:
        if isinstance(fields.get("n"), float):
            raise refuse("n")
        return fields

    plant.fields(strict)


@sin("response-format")
def edits_keep_the_base64(plant: Plant) -> None:
    plant.patch(requests, "_wants_url", lambda fields, defaults: False)


@sin("response-format")
def generations_leave_the_base64_out(plant: Plant) -> None:
    plant.wrap(
        requests,
        "read_image_request",
        lambda right, fields, *a, **k: right(fields, *a, **k)._replace(
            leaves_out_b64=fields.get("response_format") == "url"
        ),
    )


@sin("response-format")
def any_response_format_is_taken(plant: Plant) -> None:
    plant.fields(lambda f: {k: v for k, v in f.items() if k != "response_format"})


def _drawn(plant: Plant, change: Any) -> None:
    plant.wrap(results, "scene_of", lambda right, *a, **k: change(right(*a, **k)))


@sin("output-format")
def webp_is_png(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(output_format="png") if s.output_format == "webp" else s)


@sin("output-format")
def jpeg_is_png_with_transparency_asked_or_not(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(output_format="png") if s.output_format == "jpeg" else s)


@sin("output-format")
def a_hundred_and_one_percent(plant: Plant) -> None:
    plant.change({"components/schemas/OutputCompression/maximum": 101})


@sin("output-format")
def ninety_nine_percent(plant: Plant) -> None:
    plant.change({"components/schemas/OutputCompression/maximum": 99})


@sin("output-format")
def jpeg_is_compressed_the_other_way_round(plant: Plant) -> None:
    _drawn(plant, lambda s: _turned(s) if s.output_format == "jpeg" else s)


@sin("output-format")
def edits_to_webp_are_compressed_the_other_way_round(plant: Plant) -> None:
    _drawn(plant, lambda s: _turned(s) if s.output_format == "webp" and s.references else s)


def _turned(scene: Any) -> Any:
    kept = 100 if scene.compression is None else scene.compression
    return scene._replace(compression=100 - kept)


@sin("background")
def transparent_webp_is_opaque(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(background="opaque") if s.output_format == "webp" else s)


@sin("background")
def transparent_png_is_opaque(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(background="opaque") if s.output_format == "png" else s)


@sin("background")
def opaque_pictures_have_alpha(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(background="transparent") if _is_opaque(s) else s)


def _is_opaque(scene: Any) -> bool:
    return bool(scene.background == "opaque" and scene.output_format != "jpeg")


@sin("background")
def transparent_jpeg_is_taken(plant: Plant) -> None:
    plant.patch(requests, "_check_background", lambda *a: None)
    _drawn(plant, lambda s: s._replace(background="opaque") if s.output_format == "jpeg" else s)


@sin("background")
def alpha_without_a_transparent_pixel(plant: Plant) -> None:
    def filled(picture: dict[str, Any]) -> dict[str, Any]:
        image = Image.open(io.BytesIO(base64.b64decode(picture["b64_json"])))
        if image.mode != "RGBA":
            return picture
        image.putalpha(255)
        out = io.BytesIO()
        image.save(out, "PNG", compress_level=1)
        return {**picture, "b64_json": base64.b64encode(out.getvalue()).decode()}

    plant.answers("createImage", change=_each(filled))


@sin("stream")
def a_stream_is_answered_as_json(plant: Plant) -> None:
    plant.fields(lambda f: {k: v for k, v in f.items() if k != "stream"})


@sin("stream")
def four_previews_are_taken(plant: Plant) -> None:
    plant.change({"components/schemas/PartialImages/maximum": 4})


@sin("stream")
def one_preview_is_missing(plant: Plant) -> None:
    plant.options += ["--profile", "openai"]
    plant.fields(
        lambda f: {**f, "partial_images": f["partial_images"] - 1} if f.get("partial_images") else f
    )


@sin("stream")
def the_events_have_other_names(plant: Plant) -> None:
    plant.options += ["--profile", "openai"]
    plant.change({"stream/data/events/generation/completed": "image_generation.done"})


@sin("unknown-fields")
def unknown_fields_are_refused(plant: Plant) -> None:
    plant.options += ["--strict-fields"]


@sin("unknown-fields")
def pictures_are_counted_by_another_name(plant: Plant) -> None:
    _read_as(plant, "num_images", "n")


@sin("derive")
def a_ratio_is_read_by_another_name(plant: Plant) -> None:
    _read_as(plant, "ratio", "aspect_ratio")


def _read_as(plant: Plant, misnamed: str, name: str) -> None:
    plant.fields(
        lambda fields: {name: fields[misnamed], **fields} if misnamed in fields else fields
    )


@sin("unknown-fields")
def null_is_a_value(plant: Plant) -> None:
    def strict(fields: dict[str, Any]) -> dict[str, Any]:
        for name, value in fields.items():
            if value is None:
                raise refuse(name)
        return fields

    plant.fields(strict)


@sin("code-in-200")
def no_credit_comes_as_200(plant: Plant) -> None:
    def wrong(answer: web.Response) -> web.Response:
        return web.Response(body=answer.body, content_type="application/json")

    plant.refusals(lambda answer: wrong(answer) if answer.status == 402 else answer)


@sin("task-poll")
def a_reference_does_not_make_an_edit(plant: Plant) -> None:
    def wrong(data: Any) -> Any:
        if "modelType" in data.get("data", {}):
            data["data"]["modelType"] = "TEXT_TO_IMAGE"
        return data

    plant.answers("getTask", change=wrong)


@sin("reference-routing")
def a_reference_makes_a_task(plant: Plant) -> None:
    plant.wrap(
        requests,
        "read_image_request",
        lambda right, fields, operation, table, *, has_references: (
            found._replace(mode=Mode.ASYNC)
            if (found := right(fields, operation, table, has_references=has_references)).is_edit
            else found
        ),
    )
