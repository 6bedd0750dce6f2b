"""The options of a run, once: the command and the pytest plugin read the same table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from contracts.arguments import bases, count, factor, is_local, money, seconds, url
from contracts.claims import Level

__all__ = ["OPTIONS", "Option", "Settings", "add_to_pytest", "read_settings"]

PARALLEL, LOCAL_PARALLEL = 48, 128
SMOKE_LIMIT = Decimal(1)
"""USD: what `--level smoke` may spend unless told otherwise."""
PREFIX = "contracts_"
RIVALS = {
    "--base-url": "pytest_base_url",
    "--timeout": "pytest_timeout",
    "--report": "pytest_reporter",
}
"""Options of other plugins: where these are installed, ours are called `--contracts-...`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name without dashes, how its text is read, what it means."""

    name: str
    help: str
    kind: Callable[[str], object] = str
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    flag: bool = False
    many: bool = False

    @property
    def attribute(self) -> str:
        """Its name in a namespace of parsed arguments."""
        return self.name.replace("-", "_")

    @property
    def pytest_name(self) -> str:
        """How pytest knows it: by another name where another plugin has taken this one."""
        rival = RIVALS.get(f"--{self.name}")
        taken = rival is not None and find_spec(rival) is not None
        return f"--contracts-{self.name}" if taken else f"--{self.name}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a run, as given; None where the target decides."""

    base_url: str
    api_key: str
    second_key: str | None
    poor_key: str | None
    profile: str | None
    spec: Path | None
    also: frozenset[str]
    level: Level
    max_cost: Decimal | None
    plan: bool
    report: Path | None
    timeout: float | None
    time_scale: float | None
    callback_url: str | None
    rules: tuple[str, ...]
    parallel: int
    seed: int | None


OPTIONS: tuple[Option, ...] = (
    Option("base-url", "the endpoint to judge, e.g. http://127.0.0.1:8080/api/v1", url, "URL"),
    Option("api-key", "the key to use (default: the environment's API_KEY)", metavar="KEY"),
    Option("second-key", "a key of another account, for the rules between accounts", metavar="KEY"),
    Option("poor-key", "a key whose balance is less than one picture's price", metavar="KEY"),
    Option(
        "profile",
        "which rules the target keeps (default: as the target says, else provider)",
        choices=("provider", "openai"),
    ),
    Option("spec", "another contract file", Path, "FILE"),
    Option(
        "also", "judge these bases as failures, too: observed, assumed, or both", bases, "BASES"
    ),
    Option(
        "level",
        "free sends what costs nothing, smoke the cheapest of each rule (about $1), full all "
        "(default: full on this machine, else free)",
        choices=tuple(Level),
    ),
    Option("max-cost", "never spend more than this (default: 0 at free, 1 at smoke)", money, "USD"),
    Option("plan", "print what would be sent and its largest price, and send nothing", flag=True),
    Option("report", "write report.html, report.json and junit.xml into this folder", Path, "DIR"),
    Option("timeout", "wait so long for one answer (default: by its latency)", seconds, "S"),
    Option(
        "time-scale",
        "how many real seconds one second of the target lasts "
        "(default: as the target says, else 1)",
        factor,
        "F",
    ),
    Option(
        "callback-url",
        "the public URL under which this machine's receiver of webhooks is reached",
        url,
        "URL",
    ),
    Option("rule", "judge only these rules", metavar="ID", many=True),
    Option(
        "parallel",
        "how many requests may run at once (default: 48; on this machine 128)",
        count,
        "N",
    ),
    Option("seed", "the seed of all that chance draws (default: a fresh one)", count, "N"),
)


def add_to_pytest(parser: pytest.Parser) -> None:
    """Offers the options to pytest."""
    group = parser.getgroup("contracts", "judging an endpoint by the GPT Image 2 contract")
    for option in OPTIONS:
        name, dest = option.pytest_name, PREFIX + option.attribute
        if option.flag:
            group.addoption(name, dest=dest, action="store_true", help=option.help)
        elif option.many:
            group.addoption(
                name, dest=dest, action="append", metavar=option.metavar, help=option.help
            )
        elif option.choices is not None:
            group.addoption(name, dest=dest, choices=option.choices, help=option.help)
        else:
            group.addoption(
                name, dest=dest, type=option.kind, metavar=option.metavar, help=option.help
            )


def read_settings(get: Callable[[str], object], environment: Mapping[str, str]) -> Settings | None:
    """The settings of a run, None if no endpoint is aimed at; pytest.UsageError for misuse.

    `get` gives the parsed value of an option by its attribute.
    """
    base_url = get("base_url")
    if base_url is None:
        return None
    level = _level(get("level"), str(base_url))
    local = is_local(str(base_url))
    limit = _limit(get("max_cost"), level, local=local, plan=bool(get("plan")))
    key = get("api_key") or environment.get("API_KEY")
    if not key and not get("plan"):
        raise pytest.UsageError(
            "contracts: --api-key KEY is needed (or API_KEY in the environment)"
        )
    return Settings(
        base_url=str(base_url),
        api_key=str(key or ""),
        second_key=_text(get("second_key")),
        poor_key=_text(get("poor_key")),
        profile=_text(get("profile")),
        spec=_path(get("spec")),
        also=_names(get("also")),
        level=level,
        max_cost=limit,
        plan=bool(get("plan")),
        report=_path(get("report")),
        timeout=_float(get("timeout")),
        time_scale=_float(get("time_scale")),
        callback_url=_text(get("callback_url")),
        rules=tuple(sorted(_names(get("rule")))),
        parallel=int(_float(get("parallel")) or (LOCAL_PARALLEL if local else PARALLEL)),
        seed=None if get("seed") is None else int(_float(get("seed")) or 0),
    )


def _level(given: object, base_url: str) -> Level:
    if given is not None:
        return Level(str(given))
    return Level.FULL if is_local(base_url) else Level.FREE


def _limit(given: object, level: Level, *, local: bool, plan: bool) -> Decimal | None:
    if isinstance(given, Decimal):
        return given
    if level is Level.FREE:
        return Decimal(0)
    if level is Level.SMOKE:
        return SMOKE_LIMIT
    if local or plan:
        return None
    raise pytest.UsageError(
        "contracts: --level full on a paid target needs --max-cost USD; see --plan"
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _path(value: object) -> Path | None:
    return None if value is None else Path(str(value))


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _names(value: object) -> frozenset[str]:
    texts = [value] if isinstance(value, str) else value
    found = texts if isinstance(texts, list | tuple | frozenset | set) else ()
    return frozenset(name for text in found for name in str(text).replace(",", " ").split())
