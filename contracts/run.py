"""One run against one endpoint: what was asked for, what was found there, and the shared folder."""

import json
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path

from contracts import laws, spec
from contracts.arguments import is_local
from contracts.budget import Budget
from contracts.claims import World
from contracts.discovery import Control, TargetState, find_control, reach, set_balance
from contracts.exchange import Key
from contracts.folder import SharedFolder
from contracts.judge import Judge
from contracts.memory import SharedMemory
from contracts.options import Settings
from contracts.shared import Shared
from contracts.spec import Spec, SpecError
from contracts.target import Target
from contracts.transport import Transport

__all__ = ["Run"]

SLACK_S = 20.0
GRACE_S = 40.0
"""For a target on this machine that draws its pictures slowly, and is asked for many at once."""
"""What an answer may be late beyond twice the contract's longest latency."""
FAR_OFF_S = 40.0
"""The same where the way is long."""


@dataclass(frozen=True)
class Run:
    """Everything the processes of a run agree on before the first test."""

    settings: Settings
    spec: Spec
    state: TargetState
    keys: Mapping[Key, str]
    seed: int
    folder: Path

    @classmethod
    def begin(cls, settings: Settings) -> "Run":
        """Looks at the target; TargetError if nothing can be judged, SpecError for a bad file."""
        contract = spec.load(settings.spec)
        _refuse_unknown_rules(settings, contract)
        keys = _given_keys(settings)
        state = _planned(settings, contract) if settings.plan else _found(settings, contract, keys)
        if state.control is not None and state.control.open_accounts:
            keys = _with_own_accounts(keys, state, settings, contract)
        seed = secrets.randbelow(2**31) if settings.seed is None else settings.seed
        folder = Path(tempfile.mkdtemp(prefix="contracts-"))
        return cls(settings, contract, state, keys, seed, folder)

    def clear_away(self) -> None:
        """Removes what its processes shared, once nobody needs it any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def world(self) -> World:
        """What the builders of probes know."""
        return World(self.spec, self.state.profile, self.seed)

    @property
    def timeout_s(self) -> float:
        """How long an answer is waited for."""
        if self.settings.timeout is not None:
            return self.settings.timeout
        return _timeout(self.spec, self.state.time_scale, local=self.state.local)

    def shared(self, worker: str = "main", *, alone: bool) -> Shared:
        """What the tests share; `alone` says that this process is the only one."""
        return SharedMemory(self.folder) if alone else SharedFolder(self.folder, worker)

    def target(self, shared: Shared) -> tuple[Target, Judge]:
        """The target and the judge of one process."""
        judge = Judge(
            self.spec,
            shared,
            base_url=self.state.base_url,
            also=self.settings.also,
            mock=self.state.control is not None,
            rules=self.settings.rules,
        )
        grace_s = GRACE_S if self.state.local and self.settings.timeout is None else 0.0
        transport = _transport(
            self.settings.base_url, self.keys, self.spec, self.timeout_s, grace_s=grace_s
        )
        target = Target(
            self.spec,
            transport,
            shared,
            Budget(shared, self.settings.max_cost),
            state=self.state,
            laws=laws.of(judge, self.spec, self.keys),
        )
        return target, judge

    def to_text(self) -> str:
        """What another process needs besides the settings."""
        keys = {key.value: value for key, value in self.keys.items()}
        state = asdict(self.state)
        values = {"state": state, "keys": keys, "seed": self.seed, "folder": str(self.folder)}
        return json.dumps(values)

    @classmethod
    def from_text(cls, settings: Settings, text: str) -> "Run":
        """The run that another process began."""
        values = json.loads(text)
        control = values["state"].pop("control")
        state = TargetState(**values["state"], control=Control(**control) if control else None)
        keys = {Key(key): str(value) for key, value in values["keys"].items()}
        contract = spec.load(settings.spec)
        return cls(settings, contract, state, keys, values["seed"], Path(values["folder"]))


def _refuse_unknown_rules(settings: Settings, contract: Spec) -> None:
    unknown = [name for name in settings.rules if name not in contract.rules]
    if unknown:
        known = ", ".join(contract.rules)
        raise SpecError(f"--rule: no rule '{', '.join(unknown)}'; there are: {known}")


def _given_keys(settings: Settings) -> Mapping[Key, str]:
    keys = {
        Key.MAIN: settings.api_key,
        Key.SECOND: settings.second_key,
        Key.POOR: settings.poor_key,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _planned(settings: Settings, contract: Spec) -> TargetState:
    return TargetState(
        base_url=settings.base_url,
        profile=settings.profile or contract.facts.profile.default,
        time_scale=1.0 if settings.time_scale is None else settings.time_scale,
        control=None,
        has_balance=False,
        local=is_local(settings.base_url),
    )


def _found(settings: Settings, contract: Spec, keys: Mapping[Key, str]) -> TargetState:
    with _transport(settings.base_url, keys, contract, settings.timeout or SLACK_S) as transport:
        has_balance = reach(transport)
        control = find_control(transport)
    state = replace(_planned(settings, contract), control=control, has_balance=has_balance)
    if control is None:
        return state
    scale = control.scale if settings.time_scale is None else settings.time_scale
    return replace(state, profile=settings.profile or control.profile, time_scale=scale)


def _with_own_accounts(
    keys: Mapping[Key, str], state: TargetState, settings: Settings, contract: Spec
) -> Mapping[Key, str]:
    """Accounts of the suite's own, where the mock opens them for the asking."""
    if state.control is None:
        return keys
    mark = secrets.token_hex(6)
    prefix = contract.facts.auth.key_prefix
    own = {key: f"{prefix}contracts_{key}_{mark}" for key in (Key.SECOND, Key.POOR)}
    if Key.POOR not in keys:
        cheapest = min(min(row.values()) for row in contract.facts.price.per_image.values())
        with _transport(settings.base_url, keys, contract, SLACK_S) as transport:
            set_balance(transport, state.control, own[Key.POOR], cheapest / Decimal(2))
    return {**own, **keys}


def _transport(
    base_url: str,
    keys: Mapping[Key, str],
    contract: Spec,
    timeout_s: float,
    *,
    grace_s: float = 0.0,
) -> Transport:
    scheme = contract.facts.auth.scheme
    return Transport(base_url, keys, scheme=scheme, timeout_s=timeout_s, grace_s=grace_s)


def _timeout(contract: Spec, scale: float, *, local: bool) -> float:
    longest = max(times.max for times in contract.facts.latency.seconds.values())
    return (SLACK_S if local else FAR_OFF_S) + 2 * longest * scale
