"""Which contract answers, and how a profile reads a request before the rules do."""

import pytest

from mock_server.rules.modes import Mode, Profile, decide_mode, provider_fields
from tests.laws import own_contract

PROVIDER = own_contract().profiles["provider"]
OPENAI = own_contract().profiles["openai"]
ABSENT = own_contract().absent_sizes
HOOK = "http://127.0.0.1:9000/webhook"


def read(fields: dict[str, object], profile: Profile = PROVIDER) -> dict[str, object]:
    return provider_fields(fields, profile, absent_sizes=ABSENT)


@pytest.mark.parametrize(
    "has_size, callback_url, mode",
    [
        (True, None, Mode.SYNC),
        (True, HOOK, Mode.ASYNC),
        (False, None, Mode.ASYNC),
        (False, HOOK, Mode.ASYNC),
    ],
)
def test_a_size_without_a_callback_is_sync(
    *, has_size: bool, callback_url: str | None, mode: Mode
) -> None:
    assert decide_mode(has_size=has_size, callback_url=callback_url) is mode


@pytest.mark.parametrize(
    "given, present",
    [
        ({"prompt": "a", "quality": None, "user": None}, {"prompt": "a"}),
        ({"prompt": None, "n": 0, "stream": False}, {"n": 0, "stream": False}),
        ({"size": "auto"}, {}),
        ({"size": None}, {}),
        ({"size": "Auto"}, {"size": "Auto"}),
        ({"size": ""}, {"size": ""}),
        ({"size": ["auto"]}, {"size": ["auto"]}),
        ({"style": "vivid"}, {"style": "vivid"}),
        ({"quality": "hd"}, {"quality": "hd"}),
    ],
)
def test_null_and_auto_count_as_absent(
    given: dict[str, object], present: dict[str, object]
) -> None:
    before = dict(given)
    assert read(given) == present
    assert given == before


@pytest.mark.parametrize(
    "given, present",
    [
        ({}, {"model": "gpt-image-2-all", "size": "1024x1024"}),
        ({"size": "auto"}, {"model": "gpt-image-2-all", "size": "1024x1024"}),
        ({"size": "512x1536", "model": "m"}, {"model": "m", "size": "512x1536"}),
        ({"model": None}, {"model": "gpt-image-2-all", "size": "1024x1024"}),
        ({"resolution": "2K", "model": "m"}, {"model": "m", "resolution": "2K"}),
        ({"aspect_ratio": "1:1", "model": "m"}, {"model": "m", "aspect_ratio": "1:1"}),
        ({"callback_url": HOOK, "model": "m"}, {"model": "m", "callback_url": HOOK}),
        ({"resolution": None, "model": "m"}, {"model": "m", "size": "1024x1024"}),
        (
            {"model": "m", "size": "1x1", "quality": "hd", "style": "vivid"},
            {"model": "m", "size": "1x1", "quality": "high"},
        ),
        (
            {"model": "m", "size": "1x1", "quality": "standard"},
            {"model": "m", "size": "1x1", "quality": "medium"},
        ),
        (
            {"model": "m", "size": "1x1", "quality": ["hd"]},
            {"model": "m", "size": "1x1", "quality": ["hd"]},
        ),
    ],
)
def test_the_profile_openai_fills_in_what_its_clients_leave_out(
    given: dict[str, object], present: dict[str, object]
) -> None:
    before = dict(given)
    assert read(given, OPENAI) == present
    assert given == before


def test_the_provider_s_own_profile_adds_nothing() -> None:
    assert Profile("provider") == PROVIDER
    assert (OPENAI.any_model, OPENAI.extras, OPENAI.streams) == (True, True, True)
    assert (PROVIDER.any_model, PROVIDER.extras, PROVIDER.streams) == (False, False, False)
