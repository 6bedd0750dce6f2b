"""What can be set, in one table: flag, then environment, then default."""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, NoReturn, cast
from urllib.parse import urlsplit

from mock_server.signatures import check_secret

__all__ = [
    "OPTIONS",
    "PREFIX",
    "PROXY_OPTIONS",
    "Command",
    "KeyGrant",
    "Option",
    "ProxySettings",
    "Settings",
    "SettingsError",
    "read_options",
    "read_proxy_settings",
    "read_settings",
    "settings_of",
]

PREFIX = "MOCK_SERVER_"


class SettingsError(Exception):
    """A setting that cannot be used: which one, what came, what is allowed."""


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A key that is known, and what its account has (None: the default balance)."""

    key: str
    balance: Decimal | None


_LAST_PORT = 2**16 - 1
_DIGITS = 18
_SLOWEST = 1000


def _port(text: str) -> int:
    port = _whole(text)
    if port > _LAST_PORT:
        raise ValueError(f"must be 0 to {_LAST_PORT} (0: any free one)")
    return port


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ValueError("must be a whole number of at least 0")
    return int(text)


def _scale(text: str) -> float:
    allowed = f"must be a number from 0 (at once) to {_SLOWEST}; 1 is real time"
    try:
        scale = float(text)
    except ValueError:
        raise ValueError(allowed) from None
    if not 0 <= scale <= _SLOWEST:
        raise ValueError(allowed)
    return scale


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be an amount in USD, such as 12.50") from None
    if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 12:
        raise ValueError("must be an amount in USD, not negative and below 10^12")
    return amount


def _grant(text: str) -> KeyGrant:
    key, colon, amount = text.rpartition(":")
    if not colon:
        key, amount = text, ""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("must be KEY or KEY:USD, the key in plain ASCII")
    return KeyGrant(key, _money(amount) if colon else None)


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https URL, such as https://mock.example:8080")
    return text.rstrip("/")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return read


_FLAG = {"1": True, "true": True, "yes": True, "on": True}
_FLAG |= {"0": False, "false": False, "no": False, "off": False, "": False}


def _flag(text: str) -> bool:
    if text.lower() not in _FLAG:
        raise ValueError("must be 1 or 0")
    return _FLAG[text.lower()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the mock is set up; what each means is said in the table of options below."""

    host: str = "127.0.0.1"
    port: int = 8080
    spec: Path | None = None
    profile: str | None = None
    time_scale: float = 0.01
    clock: str = "scaled"
    min_polls: int = 0
    seed: int = 0
    balance: Decimal = Decimal(1000)
    key: tuple[KeyGrant, ...] = ()
    error_style: str | None = None
    model_alias: tuple[str, ...] = ()
    strict_fields: bool = False
    fetch_urls: bool = False
    allow_private_urls: bool = False
    public_url: str | None = None
    weight: str = "light"
    keep_calls: int = 20_000
    faults: Path | None = None
    replay: Path | None = None
    webhook_secret: str | None = None
    no_control: bool = False
    log: str = "text"
    quiet: bool = False


class Option(NamedTuple):
    """A setting as a flag and as a variable: how its text is read, and its help."""

    name: str
    read: Callable[[str], object]
    help: str
    metavar: str | None = None
    repeats: bool = False

    @property
    def flag(self) -> str:
        """As on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As in the environment; a repeatable one is a list with commas there."""
        return PREFIX + self.name.upper()


OPTIONS = (
    Option("host", _name, "address to listen on", "ADDRESS"),
    Option("port", _port, "port to listen on; 0 picks a free one", "PORT"),
    Option("spec", Path, "contract file to keep instead of the own one", "FILE"),
    Option("profile", _name, "whose clients to suit: provider (default) or openai", "NAME"),
    Option("time_scale", _scale, "real seconds a second of the service lasts; 0: at once", "F"),
    Option("clock", _one_of("scaled", "manual"), "scaled, or manual: moves when told", "KIND"),
    Option("min_polls", _whole, "keep a task unfinished for its first N polls", "N"),
    Option("seed", _whole, "seed of the latencies and the pictures", "N"),
    Option("balance", _money, "what an account has that is opened without an amount", "USD"),
    Option("key", _grant, "a known key (repeatable; none: any key)", "KEY[:USD]", repeats=True),
    Option("error_style", _name, "hybrid (default), openai or native", "STYLE"),
    Option("model_alias", _name, "a further model name to take (repeatable)", "NAME", repeats=True),
    Option("strict_fields", _flag, "refuse fields that the contract does not name"),
    Option("fetch_urls", _flag, "fetch reference URLs from the network"),
    Option("allow_private_urls", _flag, "take reference URLs on private hosts"),
    Option("public_url", _url, "scheme, host and path under which clients reach it", "URL"),
    Option("weight", _one_of("light", "real"), "light pictures, or as heavy as real ones", "KIND"),
    Option("keep_calls", _whole, "how many synchronous calls are remembered", "N"),
    Option("faults", Path, "rules of faults, a YAML list; see /_mock/faults", "FILE"),
    Option("replay", Path, "cassette to answer recorded requests from", "DIR"),
    Option("webhook_secret", check_secret, "sign webhooks as Standard Webhooks", "whsec_..."),
    Option("no_control", _flag, "leave out the developer's interface under /_mock/"),
    Option("log", _one_of("text", "json"), "form of the log lines, text or json", "FORM"),
    Option("quiet", _flag, "no log lines"),
)


def read_settings(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a command line and its environment; raises SettingsError.

    `--help` prints the table and raises SystemExit(0), as argparse does.
    """
    command = Command(
        "mock-server",
        "A local server that keeps the contract of the GPT Image 2 API. "
        "`mock-server proxy --help`: a proxy that watches a real endpoint.",
        OPTIONS,
        Settings(),
    )
    return Settings(**read_options(command, argv, environ))  # type: ignore[arg-type]  # read each


def settings_of(values: Mapping[str, object]) -> Settings:
    """The settings from values as a program has them, or texts of the command line.

    Raises SettingsError, as the command does.
    """
    known = {option.name: option for option in OPTIONS}
    for name in values:
        if name not in known:
            raise SettingsError(f"no setting {name!r}; known: {', '.join(known)}")
    given = {name: value for name, value in values.items() if value is not None}
    taken = {name: _taken(known[name], value) for name, value in given.items()}
    return Settings(**taken)  # type: ignore[arg-type]  # read each


def _taken(option: Option, value: object) -> object:
    if option.repeats:
        items = [value] if isinstance(value, str | KeyGrant) else cast(Iterable[object], value)
        return tuple(_taken_one(option, item) for item in items)
    return _taken_one(option, value)


def _taken_one(option: Option, value: object) -> object:
    if isinstance(value, KeyGrant):
        return value
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return _read(option, text, option.name)


class Command(NamedTuple):
    """A command line: its name, what it does, its options, and an object with their defaults."""

    name: str
    description: str
    options: tuple[Option, ...]
    defaults: object


def read_options(
    command: Command, argv: Sequence[str], environ: Mapping[str, str]
) -> dict[str, object]:
    """The options that were given, by flag or variable; raises SettingsError."""
    given = vars(_parser(command).parse_args(argv))
    values: dict[str, object] = {}
    for option in command.options:
        texts = given[option.name]
        if texts is not None:
            values[option.name] = _value(option, texts, option.flag)
        elif option.variable in environ:
            texts = _texts(option, environ[option.variable])
            values[option.name] = _value(option, texts, option.variable)
    return values


def _texts(option: Option, text: str) -> list[str]:
    return [item for item in text.split(",") if item] if option.repeats else [text]


def _value(option: Option, texts: list[str], source: str) -> object:
    values = tuple(_read(option, text, source) for text in texts)
    return values if option.repeats else values[-1]


def _read(option: Option, text: str, source: str) -> object:
    try:
        return option.read(text)
    except ValueError as error:
        raise SettingsError(f"{source}: {error}; got {text!r}") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def _parser(command: Command) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=command.name,
        allow_abbrev=False,
        description=command.description,
        epilog=f"Each option is also an environment variable: --port is {PREFIX}PORT.",
    )
    for option in command.options:
        _add(parser, option, getattr(command.defaults, option.name, None))
    return parser


def _add(parser: argparse.ArgumentParser, option: Option, default: object) -> None:
    if option.metavar is None:
        parser.add_argument(option.flag, action="append_const", const="1", help=option.help)
        return
    shown = "" if default in (None, ()) else f" (default {default})"
    parser.add_argument(
        option.flag, action="append", metavar=option.metavar, help=option.help + shown
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """How the watching proxy is set up."""

    host: str = "127.0.0.1"
    port: int = 8081
    upstream: str = ""
    record: Path | None = None
    record_pictures: bool = False
    max_cost: Decimal | None = None
    spec: Path | None = None
    profile: str | None = None
    log: str = "text"
    quiet: bool = False


PROXY_OPTIONS = (
    Option("upstream", _url, "base URL of the endpoint to watch (required)", "URL"),
    Option("record", Path, "folder to keep a cassette of what passes, for --replay", "DIR"),
    Option("record_pictures", _flag, "keep whole pictures in the cassette, not just their facts"),
    Option("max_cost", _money, "refuse here what would cost more than that in all", "USD"),
    *(
        option
        for option in OPTIONS
        if option.name in ("host", "port", "spec", "profile", "log", "quiet")
    ),
)


def read_proxy_settings(
    argv: Sequence[str], environ: Mapping[str, str] = os.environ
) -> ProxySettings:
    """The settings of `mock-server proxy`; raises SettingsError."""
    command = Command(
        "mock-server proxy",
        "Forward to a real endpoint, judge what passes by the contract, record it.",
        PROXY_OPTIONS,
        ProxySettings(),
    )
    settings = ProxySettings(**read_options(command, argv, environ))  # type: ignore[arg-type]
    if not settings.upstream:
        raise SettingsError("--upstream: is required: the base URL of the endpoint to watch")
    return settings
