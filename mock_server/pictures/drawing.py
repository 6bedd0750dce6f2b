"""A whole picture as an image: scenery, label, references and mask put together."""

from PIL import Image, ImageDraw

from mock_server.pictures.design import Design, design
from mock_server.pictures.edits import Hole, contact_strip, repainted, stretched
from mock_server.pictures.label import Layout, label, layout
from mock_server.pictures.lettering import band
from mock_server.pictures.scene import Scene
from mock_server.pictures.scenery import scenery
from mock_server.pictures.sketch import sketch_image

__all__ = ["backdrop", "cut_out", "drawn"]


def drawn(scene: Scene) -> Image.Image:
    """The picture of a scene: RGB, or RGBA where a transparent background is asked for.

    An edit shows its first reference stretched to the size of the picture (bilinear); further
    references lie on it as a strip. Under a mask, the opaque part is exactly that stretched
    reference, and all that is drawn (label and strip too) lies in the part to be repainted.
    """
    if not scene.references:
        return _labelled(_generated(scene), scene)
    if scene.mask is not None:
        return _unfinished(_inpainted(scene, scene.mask), scene.partial)
    return _rounded(_labelled(_unfinished(_fused(scene), scene.partial), scene), scene)


def backdrop(plan: Design, setting: Layout, *, cut_out: bool, taken: int = 0) -> Image.Image:
    """The scenery above the shortest label, less the rows that are `taken` by something else."""
    return scenery(
        plan.kind,
        plan.variant,
        plan.colours,
        width=setting.width,
        height=setting.height - setting.band(setting.fewest) - taken,
        cut_out=cut_out,
    )


def cut_out(scene: Scene) -> bool:
    """Whether the picture has an alpha channel, and a background that is transparent."""
    return scene.background == "transparent" and scene.output_format != "jpeg"


def _generated(scene: Scene) -> Image.Image:
    plan, is_cut_out = design(scene), cut_out(scene)
    if scene.is_sketch:
        above = scene.height - _label_height(scene)
        upper = sketch_image(plan, scene.width, above, cut_out=is_cut_out)
    else:
        upper = backdrop(plan, layout(scene.width, scene.height), cut_out=is_cut_out)
    upper = _unfinished(upper, scene.partial)
    picture = Image.new(upper.mode, (scene.width, scene.height))
    picture.paste(upper, (0, 0))
    return picture


def _fused(scene: Scene) -> Image.Image:
    """The first reference over the whole picture, the others on a strip above the label."""
    picture = stretched(scene.references[0], scene.width, scene.height)
    picture = picture if cut_out(scene) else _flat(picture)
    foot = scene.height - _label_height(scene)
    strip = contact_strip(scene.references[1:], scene.width, foot)
    if strip is not None:
        picture.paste(strip, (0, foot - strip.height))
    return picture


def _inpainted(scene: Scene, mask: bytes) -> Image.Image:
    base = stretched(scene.references[0], scene.width, scene.height)
    base = base if cut_out(scene) else _flat(base)
    return repainted(base, mask, lambda hole: _patch(scene, hole))


def _patch(scene: Scene, hole: Hole) -> Image.Image:
    """What is painted into the hole of a mask: scenery, and inside it the strip and the label."""
    plan = design(scene)
    picture = scenery(
        plan.kind,
        plan.variant,
        plan.colours,
        width=hole.width,
        height=hole.height,
        cut_out=cut_out(scene),
    )
    left, top, width, height = hole.inner
    setting = layout(width, height)
    paper = band(label(scene, setting), setting)
    if paper is not None:
        height -= paper.height
        picture.paste(paper.convert(picture.mode), (left, top + height))
    strip = contact_strip(scene.references[1:], width, height)
    if strip is not None:
        picture.paste(strip, (left, top + height - strip.height))
    return picture


def _label_height(scene: Scene) -> int:
    setting = layout(scene.width, scene.height)
    return setting.band(len(label(scene, setting).lines))


def _labelled(picture: Image.Image, scene: Scene) -> Image.Image:
    """The picture with its label across the foot (drawn onto it)."""
    setting = layout(scene.width, scene.height)
    paper = band(label(scene, setting), setting)
    if paper is not None:
        picture.paste(paper.convert(picture.mode), (0, scene.height - paper.height))
    return picture


def _unfinished(picture: Image.Image, partial: int | None) -> Image.Image:
    """The picture as tiles that get finer with each preview; itself when it is the finished one."""
    if partial is None:
        return picture
    tile = max(2, min(picture.size) // (12 << min(partial, 5)))
    return picture.reduce(tile).resize(picture.size, Image.Resampling.NEAREST)


def _flat(picture: Image.Image) -> Image.Image:
    """The picture without alpha: on white."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _rounded(picture: Image.Image, scene: Scene) -> Image.Image:
    """With a transparent background, the corners of an edit are cut off, so that it has some."""
    if not cut_out(scene):
        return picture
    shape = Image.new("L", picture.size)
    corner = max(2, min(picture.size) // 14)
    box = (0, 0, picture.width - 1, picture.height - 1)
    ImageDraw.Draw(shape).rounded_rectangle(box, corner, fill=255)
    clear = Image.new("RGBA", picture.size)
    return Image.composite(picture.convert("RGBA"), clear, shape)
