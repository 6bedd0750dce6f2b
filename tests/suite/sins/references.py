"""Sins against references, masks, forms and uploads."""

import io
from dataclasses import replace
from typing import Any

from aiohttp import web
from PIL import Image, ImageChops, ImageOps

from mock_server import bodies, references, submissions
from mock_server.bodies import Body
from mock_server.errors import ApiError, unsupported_media_type
from mock_server.pictures import NotAPicture, Reference, edits
from mock_server.rules import references as reference_rules
from mock_server.rules.requests import Operation
from mock_server.store.memory import Sources
from tests.suite.plant import Handler, Plant, refuse, sin

FILE_FIELDS = frozenset({"image", "image[]", "mask"})


def _body(plant: Plant, change: Any) -> None:
    right = bodies.read_body

    async def wrong(*args: Any, **kwargs: Any) -> Body:
        return change(await right(*args, **kwargs))  # type: ignore[no-any-return]

    plant.patch(submissions, "read_body", wrong)


@sin("edit-parts")
def parts_with_brackets_are_passed_over(plant: Plant) -> None:
    _body(
        plant,
        lambda b: Body(b.fields, tuple(f for f in b.files if f.field != "image[]"), b.schema),
    )


@sin("edit-parts")
def repeated_parts_are_refused(plant: Plant) -> None:
    def counted(body: Body) -> Body:
        if len(body.files) > len({file.field for file in body.files}):
            raise refuse("image", "one picture only")
        return body

    _body(plant, counted)


@sin("edit-parts")
def json_edits_are_refused(plant: Plant) -> None:
    right = bodies.read_body

    async def wrong(request: Any, *args: Any, **kwargs: Any) -> Body:
        if request.path.endswith("/edits") and request.content_type == "application/json":
            raise unsupported_media_type(request.content_type, ("multipart/form-data",))
        return await right(request, *args, **kwargs)

    plant.patch(submissions, "read_body", wrong)


@sin("edit-parts")
def the_content_type_of_a_part_decides(plant: Plant) -> None:
    def strict(body: Body) -> Body:
        for file in body.files:
            if not file.content_type.startswith("image/"):
                raise refuse("image", "not a picture")
        return body

    _body(plant, strict)


@sin("edit-needs-image")
def an_edit_may_be_without_a_picture(plant: Plant) -> None:
    right = submissions.submit

    async def wrong(mock: Any, request: Any, operation: Any) -> Any:
        body = await bodies.read_body(request, mock.schemas[operation], file_fields=FILE_FIELDS)
        bare = not body.files and not any(
            name in body.fields
            for name in ("image", "image[]", "images", "image_url", "image_urls", "image_base64")
        )
        if operation is Operation.EDIT and bare and "mask" not in body.fields:

            async def as_generation(*args: Any, **kwargs: Any) -> Body:
                schema = mock.schemas[Operation.CREATE]["application/json"]
                return Body(body.fields, (), schema)

            kept = bodies.read_body
            setattr(submissions, "read_body", as_generation)  # noqa: B010 - not its own name
            try:
                return await right(mock, request, Operation.CREATE)
            finally:
                setattr(submissions, "read_body", kept)  # noqa: B010 - the same
        return await right(mock, request, operation)

    plant.patch(submissions, "submit", wrong)


@sin("max-references")
def seventeen_are_taken(plant: Plant) -> None:
    plant.change(
        {
            "max-references/data/max": 17,
            "components/schemas/ReferenceList/maxItems": 17,
            "components/schemas/EditImages/maxItems": 17,
            "components/schemas/UploadedPictures/maxItems": 17,
        }
    )


@sin("max-references")
def sixteen_are_too_many(plant: Plant) -> None:
    plant.change(
        {
            "max-references/data/max": 15,
            "components/schemas/ReferenceList/maxItems": 15,
            "components/schemas/EditImages/maxItems": 15,
            "components/schemas/UploadedPictures/maxItems": 15,
        }
    )


@sin("max-references")
def each_field_counts_for_itself(plant: Plant) -> None:
    def wrong(right: Any, body: Any, table: Any) -> Any:
        return right(body, replace(table, max_references=1000))

    plant.wrap(references, "given_references", wrong)


@sin("reference-forms")
def what_does_not_decode_is_passed_over(plant: Plant) -> None:
    right = references._load

    async def wrong(mock: Any, given: Any) -> Any:
        try:
            return await right(mock, given)
        except ApiError:
            return references.Loaded(
                given.field, Reference(None, "https://example.com/x.png"), None
            )

    plant.patch(references, "_load", wrong)


@sin("reference-forms")
def data_uris_are_refused(plant: Plant) -> None:
    def wrong(right: Any, text: str) -> Any:
        return None if text.startswith("data:") else right(text)

    plant.wrap(reference_rules, "data_of", wrong)


@sin("reference-forms")
def bare_base64_is_refused(plant: Plant) -> None:
    def wrong(right: Any, text: str) -> Any:
        return right(text) if text.startswith("data:") else None

    plant.wrap(reference_rules, "data_of", wrong)


@sin("reference-forms")
def webp_is_no_picture(plant: Plant) -> None:
    def wrong(right: Any, data: bytes, **kwargs: Any) -> Any:
        if data[8:12] == b"WEBP":
            raise NotAPicture("webp is not read here")
        return right(data, **kwargs)

    plant.wrap(references, "examine", wrong)


@sin("url-fetch")
def public_urls_are_refused(plant: Plant) -> None:
    right = references._from_url

    async def wrong(mock: Any, field: str, text: str) -> Any:
        if "127.0.0.1" in text or "localhost" in text:
            return await right(mock, field, text)
        raise refuse(field, "cannot be fetched")

    plant.patch(references, "_from_url", wrong)


@sin("mask")
def any_mask_fits(plant: Plant) -> None:
    plant.patch(reference_rules, "mask_problem", lambda mask, reference, table: None)


@sin("mask")
def a_mask_of_another_size_fits(plant: Plant) -> None:
    plant.wrap(
        reference_rules,
        "mask_problem",
        lambda right, mask, reference, table: right(mask, None, table),
    )


@sin("reference-forms")
def a_text_may_hold_a_picture_of_any_weight(plant: Plant) -> None:
    right = references._from_bytes

    async def wrong(mock: Any, field: str, data: bytes, url: str | None) -> Any:
        filled = data.find(b"fiLl") - 4
        is_text = field != "image" and filled > 0
        return await right(mock, field, data[:filled] + data[-12:] if is_text else data, url)

    plant.patch(references, "_from_bytes", wrong)


@sin("max-references")
def an_object_without_a_url_is_passed_over(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if b"[{}]" in await request.read():
            return web.json_response({"created": 1, "data": []})
        return await right(request)

    plant.handler("editImage", wrong)


@sin("mask")
def a_mask_that_comes_first_is_lost(plant: Plant) -> None:
    right = bodies.read_body

    async def wrong(request: web.Request, *args: Any, **kwargs: Any) -> Body:
        body = await right(request, *args, **kwargs)
        if body.files and body.files[0].field == "mask":
            return body._replace(files=body.files[1:])
        return body

    plant.patch(submissions, "read_body", wrong)


@sin("mask")
def a_palette_is_no_mask(plant: Plant) -> None:
    right = references._fitting_mask

    def wrong(mask: Any, *args: Any) -> bytes | None:
        data = right(mask, *args)
        if data and Image.open(io.BytesIO(data)).mode == "P":
            raise refuse(mask.field, "a palette has no alpha channel")
        return data

    plant.patch(references, "_fitting_mask", wrong)


@sin("mask")
def a_mask_is_cut_out_of_the_corner(plant: Plant) -> None:
    def wrong(right: Any, base: Image.Image, mask: bytes, paint: Any) -> Image.Image:
        cut, out = (
            Image.open(io.BytesIO(mask)).convert("RGBA").crop((0, 0, *base.size)),
            io.BytesIO(),
        )
        cut.save(out, "PNG")
        masked: Image.Image = right(base, out.getvalue(), paint)
        return masked

    plant.wrap(edits, "repainted", wrong)


@sin("mask")
def a_mask_without_a_picture_is_passed_over(plant: Plant) -> None:
    right = references.bring_references

    async def wrong(mock: Any, body: Any, given: Any) -> Any:
        if not given:
            return references.NOTHING
        return await right(mock, body, given)

    plant.patch(references, "bring_references", wrong)


def _masked(plant: Plant, change: Any) -> None:
    right = references._fitting_mask

    def wrong(mask: Any, *args: Any) -> bytes | None:
        data = right(mask, *args)
        if not data:
            return data
        out = io.BytesIO()
        change(Image.open(io.BytesIO(data)).convert("RGBA")).save(out, "PNG")
        return out.getvalue()

    plant.patch(references, "_fitting_mask", wrong)


def _inverted(mask: Image.Image) -> Image.Image:
    mask.putalpha(ImageOps.invert(mask.getchannel("A")))
    return mask


@sin("mask")
def the_mask_is_read_the_other_way(plant: Plant) -> None:
    _masked(plant, _inverted)


@sin("mask")
def the_mask_is_shifted(plant: Plant) -> None:
    _masked(plant, lambda mask: ImageChops.offset(mask, mask.width // 8, 0))


@sin("mask")
def the_mask_is_forgotten(plant: Plant) -> None:
    plant.patch(references, "_fitting_mask", lambda *a: None)
    plant.wrap(
        Sources,
        "__new__",
        lambda right, cls, references, mask: right(cls, references, None),
    )


@sin("private-url")
def private_hosts_are_fetched(plant: Plant) -> None:
    plant.options += ["--allow-private-urls"]


@sin("private-url")
def private_hosts_fail_with_another_code(plant: Plant) -> None:
    plant.change({"private-url/data/fail_code": "OTHER"})


@sin("private-url")
def private_hosts_fail_with_other_words(plant: Plant) -> None:
    plant.change({"private-url/data/text": "this host is not liked"})


@sin("private-url")
def link_local_hosts_are_fetched(plant: Plant) -> None:
    plant.wrap(
        reference_rules,
        "is_private",
        lambda right, host, table: not host.startswith("169.254.") and right(host, table),
    )


@sin("files")
def an_upload_needs_a_key(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.json_response({"code": 401, "msg": "a key is needed"}, status=401)
        return await right(request)

    plant.handler("getUpload", wrong)


@sin("files")
def an_upload_loses_a_byte(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        answer = await right(request)
        body = answer.body if isinstance(answer, web.Response) else b""
        kept = body[:-1] if isinstance(body, bytes) else b""
        return web.Response(body=kept, content_type=answer.content_type)

    plant.handler("getUpload", wrong)


@sin("files")
def an_upload_without_a_file_is_taken(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        try:
            return await right(request)
        except ApiError:
            url = f"http://{request.host}/api/v1/files/nothing"
            return web.json_response({"code": 200, "msg": "success", "data": {"publicUrl": url}})

    plant.handler("uploadFile", wrong)
