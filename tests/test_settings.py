"""Flag over environment over default, and a clear line for what cannot be."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from mock_server.settings import (
    OPTIONS,
    PROXY_OPTIONS,
    KeyGrant,
    ProxySettings,
    Settings,
    SettingsError,
    read_proxy_settings,
    read_settings,
)

UPSTREAM = "http://127.0.0.1:8080/api/v1"


def read(command_line: str = "", **environ: str) -> Settings:
    return read_settings(command_line.split(), environ)


def test_without_a_word_the_defaults_hold() -> None:
    settings = read()
    assert settings == Settings()
    assert (settings.host, settings.port, settings.time_scale) == ("127.0.0.1", 8080, 0.01)
    assert (settings.clock, settings.balance, settings.key) == ("scaled", Decimal(1000), ())


SECRET = "whsec_" + "QUJD" * 8

CASES = [
    ("host", "::1", "::1"),
    ("port", "0", 0),
    ("port", "65535", 65535),
    ("spec", "my.yaml", Path("my.yaml")),
    ("profile", "openai", "openai"),
    ("time_scale", "0", 0.0),
    ("time_scale", "0.5", 0.5),
    ("clock", "manual", "manual"),
    ("min_polls", "3", 3),
    ("seed", "7", 7),
    ("balance", "12.50", Decimal("12.50")),
    ("key", "sk_a", (KeyGrant("sk_a", None),)),
    ("key", "sk_a:0.01", (KeyGrant("sk_a", Decimal("0.01")),)),
    ("key", "a:b:2", (KeyGrant("a:b", Decimal(2)),)),
    ("error_style", "native", "native"),
    ("model_alias", "gpt-image-1", ("gpt-image-1",)),
    ("public_url", "https://mock.example/base/", "https://mock.example/base"),
    ("weight", "real", "real"),
    ("keep_calls", "0", 0),
    ("faults", "rules.yaml", Path("rules.yaml")),
    ("replay", "cassette", Path("cassette")),
    ("webhook_secret", SECRET, SECRET),
    ("log", "json", "json"),
]


@pytest.mark.parametrize("name, text, value", CASES)
def test_each_option_is_a_flag_and_a_variable(name: str, text: str, value: object) -> None:
    flag, variable = "--" + name.replace("_", "-"), "MOCK_SERVER_" + name.upper()
    assert getattr(read(f"{flag} {text}"), name) == value
    assert getattr(read(f"{flag}={text}"), name) == value
    assert getattr(read(**{variable: text}), name) == value


FLAGS = ["strict_fields", "fetch_urls", "allow_private_urls", "no_control", "quiet"]


@pytest.mark.parametrize("name", FLAGS)
def test_a_switch_is_turned_on_by_its_flag_or_a_word(name: str) -> None:
    variable = "MOCK_SERVER_" + name.upper()
    assert getattr(read("--" + name.replace("_", "-")), name) is True
    assert [getattr(read(**{variable: word}), name) for word in ("1", "true", "YES", "on")] == (
        [True] * 4
    )
    assert [
        getattr(read(**{variable: word}), name) for word in ("0", "false", "No", "off", "")
    ] == ([False] * 5)


def test_every_setting_is_an_option_and_every_option_tried_here() -> None:
    names = [field.name for field in fields(Settings)]
    assert [option.name for option in OPTIONS] == names
    assert {name for name, _, _ in CASES} | set(FLAGS) == set(names)
    assert {option.name for option in PROXY_OPTIONS} == {f.name for f in fields(ProxySettings)}


def test_a_flag_beats_its_variable() -> None:
    assert read("--port 1", MOCK_SERVER_PORT="2").port == 1
    assert read("--key a", MOCK_SERVER_KEY="b,c").key == (KeyGrant("a", None),)
    assert read("--port 1", MOCK_SERVER_PORT="nonsense").port == 1


def test_a_repeatable_one_is_repeated_or_listed() -> None:
    grants = (KeyGrant("a", None), KeyGrant("b", Decimal(2)))
    assert read("--key a --key b:2").key == grants
    assert read(MOCK_SERVER_KEY="a,b:2").key == grants
    assert read(MOCK_SERVER_KEY="").key == ()
    assert read("--model-alias x --model-alias y").model_alias == ("x", "y")


def test_of_another_option_the_last_one_counts() -> None:
    assert read("--port 1 --port 2").port == 2


SCALE = "must be a number from 0 (at once) to 1000; 1 is real time"
WHOLE = "must be a whole number of at least 0"
PORT = "must be 0 to 65535 (0: any free one)"
AMOUNT = "must be an amount in USD, such as 12.50"
BOUNDS = "must be an amount in USD, not negative and below 10^12"
KEY = "must be KEY or KEY:USD, the key in plain ASCII"
URL = "must be an http or https URL, such as https://mock.example:8080"


@pytest.mark.parametrize(
    "name, text, problem",
    [
        ("port", "65536", PORT),
        ("port", "-1", WHOLE),
        ("port", "", WHOLE),
        ("port", "80.0", WHOLE),
        ("port", "\N{ARABIC-INDIC DIGIT EIGHT}0", WHOLE),
        ("min_polls", "9" * 5000, WHOLE),
        ("time_scale", "", SCALE),
        ("time_scale", "fast", SCALE),
        ("time_scale", "-0.1", SCALE),
        ("time_scale", "nan", SCALE),
        ("time_scale", "inf", SCALE),
        ("clock", "real", "must be one of scaled, manual"),
        ("log", "xml", "must be one of text, json"),
        ("weight", "heavy", "must be one of light, real"),
        ("balance", "ten", AMOUNT),
        ("balance", "", AMOUNT),
        ("balance", "-1", BOUNDS),
        ("balance", "NaN", BOUNDS),
        ("balance", "1e12", BOUNDS),
        ("key", "two words", KEY),
        ("key", "clé", KEY),
        ("key", ":5", KEY),
        ("key", "sk_a:", AMOUNT),
        ("key", "sk_a:much", AMOUNT),
        ("host", " ", "must not be empty"),
        ("profile", "", "must not be empty"),
        ("public_url", "mock.example", URL),
        ("public_url", "ftp://mock.example", URL),
        ("public_url", "http://mock.example/?a=b", URL),
    ],
)
def test_what_cannot_be_is_told_with_its_source(name: str, text: str, problem: str) -> None:
    flag, variable = "--" + name.replace("_", "-"), "MOCK_SERVER_" + name.upper()
    with pytest.raises(SettingsError) as caught:
        read_settings([f"{flag}={text}"], {})
    assert str(caught.value) == f"{flag}: {problem}; got {text!r}"
    if text or name not in ("key", "model_alias"):
        with pytest.raises(SettingsError) as caught:
            read_settings([], {variable: text})
        assert str(caught.value) == f"{variable}: {problem}; got {text!r}"


@pytest.mark.parametrize(
    "command_line, message",
    [
        ("--colour red", "unrecognized arguments: --colour red"),
        ("--po 1", "unrecognized arguments: --po 1"),
        ("--port", "argument --port: expected one argument"),
        ("8080", "unrecognized arguments: 8080"),
        ("--quiet=1", "argument --quiet: ignored explicit argument '1'"),
    ],
)
def test_an_unknown_option_is_told(command_line: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(command_line)
    assert str(caught.value) == message


def test_an_unknown_variable_is_nobody_s_business() -> None:
    assert read(MOCK_SERVER_COLOUR="red", PORT="1") == Settings()


def test_help_names_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read("--help")
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for option in OPTIONS:
        assert f"{option.flag} {option.metavar or ''}".strip() in shown
        assert option.help in shown
    assert "(default 8080)" in shown
    assert "MOCK_SERVER_PORT" in shown


def test_a_proxy_needs_something_to_watch() -> None:
    with pytest.raises(SettingsError, match="--upstream: is required"):
        read_proxy_settings([], {})
    settings = read_proxy_settings(["--upstream", UPSTREAM, "--max-cost=0.50"], {})
    assert (settings.upstream, settings.max_cost) == (UPSTREAM, Decimal("0.50"))
    environ: Mapping[str, str] = {"MOCK_SERVER_UPSTREAM": UPSTREAM, "MOCK_SERVER_RECORD": "tape"}
    assert read_proxy_settings([], environ).record == Path("tape")
