"""What can be set, in one table: flag, then environment, then default."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["KeyGrant", "Settings", "SettingsError", "read_settings"]

PREFIX = "MOCK_SERVER_"


class SettingsError(Exception):
    """A setting that cannot be used: which one, what came, what is allowed."""


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A key that is known, and what its account has (None: the default balance)."""

    key: str
    balance: Decimal | None


def _port(text: str) -> int:
    port = _whole(text)
    if port > 65535:
        raise ValueError("must be 0 to 65535 (0: any free one)")
    return port


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("must be a whole number of at least 0")
    return int(text)


def _scale(text: str) -> float:
    scale = float(text) if text.isascii() else -1
    if not 0 <= scale <= 1000:
        raise ValueError("must be a number from 0 (at once) to 1000; 1 is real time")
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


def _setting(default: Any, read: Callable[[str], object], help: str, metavar: str = "") -> Any:  # noqa: A002 - argparse's word
    return field(default=default, metadata={"read": read, "help": help, "metavar": metavar})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the mock is set up; each is a flag and a MOCK_SERVER_ variable as well."""

    host: str = _setting("127.0.0.1", _name, "address to listen on", "ADDRESS")
    port: int = _setting(8080, _port, "port to listen on; 0 picks a free one", "PORT")
    spec: Path | None = _setting(None, Path, "contract file to keep instead of the own one", "FILE")
    profile: str | None = _setting(
        None, _name, "whose clients to suit, provider (default) or openai", "NAME"
    )
    time_scale: float = _setting(
        0.01, _scale, "real seconds that a second of the service lasts; 1 is real, 0 at once", "F"
    )
    clock: str = _setting(
        "scaled", _one_of("scaled", "manual"), "scaled, or manual: time moves when told", "KIND"
    )
    min_polls: int = _setting(0, _whole, "keep a task unfinished for its first N polls", "N")
    seed: int = _setting(0, _whole, "seed of the latencies and the pictures", "N")
    balance: Decimal = _setting(
        Decimal(1000), _money, "what an account has that is opened without an amount", "USD"
    )
    key: tuple[KeyGrant, ...] = _setting(
        (), _grant, "a known key and its balance (repeatable; none: any key is taken)", "KEY[:USD]"
    )
    error_style: str | None = _setting(
        None,
        _name,
        "envelope of errors: hybrid (default), openai or native",
        "STYLE",
    )
    model_alias: tuple[str, ...] = _setting(
        (), _name, "a further model name to take (repeatable)", "NAME"
    )
    strict_fields: bool = _setting(False, _flag, "refuse fields that the contract does not name")
    fetch_urls: bool = _setting(False, _flag, "fetch reference URLs from the network")
    allow_private_urls: bool = _setting(False, _flag, "take reference URLs on private hosts")
    public_url: str | None = _setting(
        None, _url, "scheme, host and path under which clients reach the mock", "URL"
    )
    weight: str = _setting(
        "light",
        _one_of("light", "real"),
        "pictures that weigh little, or what real ones do",
        "KIND",
    )
    keep_calls: int = _setting(
        100_000, _whole, "how many synchronous calls are remembered (records, result URLs)", "N"
    )
    no_control: bool = _setting(False, _flag, "leave out the developer's interface under /_mock/")
    log: str = _setting("text", _one_of("text", "json"), "form of the log lines", "FORM")
    quiet: bool = _setting(False, _flag, "no log lines")


def read_settings(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a command line and its environment; raises SettingsError.

    `--help` prints the table and raises SystemExit(0), as argparse does.
    """
    given = vars(_parser().parse_args(argv))
    values: dict[str, object] = {}
    for setting in fields(Settings):
        flag = "--" + setting.name.replace("_", "-")
        variable = PREFIX + setting.name.upper()
        if given[setting.name] is not None:
            values[setting.name] = _read(setting, given[setting.name], flag)
        elif variable in environ:
            values[setting.name] = _read(
                setting, _from_environment(setting, environ[variable]), variable
            )
    return Settings(**values)  # type: ignore[arg-type]


def _from_environment(setting: Any, text: str) -> str | list[str]:
    """A repeatable setting is a list with commas in its variable."""
    return [item for item in text.split(",") if item] if setting.default == () else text


def _read(setting: Any, given: Any, source: str) -> object:
    read = setting.metadata["read"]
    try:
        if given is True:
            return True
        return tuple(map(read, given)) if isinstance(given, list) else read(given)
    except ValueError as error:
        raise SettingsError(f"{source}: {error}; got {given!r}") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise SettingsError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mock-server",
        allow_abbrev=False,
        description="A local server that keeps the contract of the GPT Image 2 API.",
        epilog=f"Each option is also an environment variable: --time-scale is {PREFIX}TIME_SCALE.",
    )
    for setting in fields(Settings):
        flag = "--" + setting.name.replace("_", "-")
        _add(parser, flag, setting)
    return parser


def _add(parser: argparse.ArgumentParser, flag: str, setting: Any) -> None:
    words, default = setting.metadata["help"], setting.default
    if setting.type is bool or setting.default is False:
        parser.add_argument(flag, action="store_true", default=None, help=words)
        return
    shown = "" if default in (None, ()) else f" (default {default})"
    action = "append" if default == () else "store"
    metavar = setting.metadata["metavar"]
    parser.add_argument(flag, action=action, metavar=metavar, help=words + shown)
