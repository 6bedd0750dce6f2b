"""The sample pictures are what their names say, and show every shift."""

import io

import pytest
from PIL import Image

from contracts import samples
from contracts.oracle.headers import read
from contracts.size import Size

SIZE = Size(80, 48)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_a_named_sample_has_its_format(name: str) -> None:
    header = read(samples.sample(f"sample-{name}"))
    assert header
    assert (header.format, header.size) == (name, samples.SAMPLE)


def test_an_unknown_sample_is_refused() -> None:
    with pytest.raises(KeyError):
        samples.sample("sample-gif")


def test_a_mask_has_alpha_and_the_asked_size() -> None:
    for mask in (samples.half_mask(SIZE), samples.opaque_mask(SIZE)):
        header = read(mask)
        assert header
        assert (header.format, header.size, header.alpha) == ("png", SIZE, True)
    plain = read(samples.opaque_mask(SIZE, mode="RGB"))
    assert plain
    assert not plain.alpha


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opaque_mask_is_opaque(mode: str) -> None:
    with Image.open(io.BytesIO(samples.opaque_mask(SIZE, mode=mode))) as mask:
        assert mask.mode == mode
        assert mask.getchannel("A").getextrema() == (255, 255)


def test_noise_weighs_like_a_photograph() -> None:
    assert len(samples.noise(SIZE)) > SIZE.pixels * 2


def test_texts_of_a_picture() -> None:
    png = samples.sample("sample-png")
    assert samples.data_uri(png) == f"data:image/png;base64,{samples.text_of(png)}"
