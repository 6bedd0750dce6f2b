"""The pytest plugin of the suite: asleep unless an endpoint is aimed at with `--base-url`.

It knows the options, gives the tests their target, selects them by rule, basis and level, sends the
paid probes ahead, turns breaches into failures or warnings, and writes the reports.
"""

import os
import time
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, core
from hypothesis.errors import Flaky
from hypothesis.vendor import pretty
from rich.console import Console

from contracts import claims as said
from contracts import options
from contracts.ageing import Ageing
from contracts.budget import BudgetEndedError
from contracts.claims import Bill, Claim, Level, Probe, World, claims
from contracts.court import Court
from contracts.discovery import TargetError
from contracts.hooks import Hooks
from contracts.judge import BreachError, Judge, NotJudgedError
from contracts.plan import Planned, print_plan
from contracts.proposing import Proposals
from contracts.report.files import write_files
from contracts.report.model import Outcome, Report
from contracts.report.terminal import print_report
from contracts.report.verdicts import summed_up
from contracts.run import Run
from contracts.spec import Spec, SpecError
from contracts.target import Target
from contracts.wave import Wave

__all__ = ["RUN", "StartedRun"]

RUN: pytest.StashKey[Run] = pytest.StashKey()
TARGET: pytest.StashKey[Target] = pytest.StashKey()
JUDGE: pytest.StashKey[Judge] = pytest.StashKey()
WAVE: pytest.StashKey[Wave] = pytest.StashKey()
HOOKS: pytest.StashKey[Hooks] = pytest.StashKey()
PROPOSALS: pytest.StashKey[Proposals] = pytest.StashKey()
AGEING: pytest.StashKey[Ageing] = pytest.StashKey()
REPORT: pytest.StashKey[Report] = pytest.StashKey()
STARTED: pytest.StashKey[float] = pytest.StashKey()
HOOKS_FIRST_S = 5.0
"""How long the wave, which wants the account for itself, lets the webhooks go first."""
PACKAGE = Path(__file__).resolve().parent
SUMMED_UP = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""How pytest may end so that there is a verdict."""
PRINTER = pretty.RepresentationPrinter


class StartedRun:
    """Hands a run that has begun to the plugin; `bug` says why the suite broke, if it did."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.bug = ""

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remembers a bug of the suite, which pytest would end with the code of a spent budget."""
        self.bug = f"{type(excinfo.value).__name__}: {excinfo.value}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offers the options of `contracts.options`."""
    options.add_to_pytest(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Looks at the target, once in a run."""
    for mark in (said.RULE_MARK, said.PROBES_MARK, said.BILL_MARK, said.LAST_MARK):
        config.addinivalue_line("markers", f"{mark}: see contracts.claims")
    run = _run(config)
    if run is None:
        return
    config.stash[RUN] = run
    if not hasattr(config, "workerinput"):
        config.add_cleanup(run.clear_away)
    config.stash[STARTED] = time.time()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    shared = run.shared(worker, alone=worker == "main" and not _has_workers(config))
    config.stash[TARGET], config.stash[JUDGE] = run.target(shared)
    _prepare_hypothesis(run.seed)
    if run.settings.report is not None and not config.option.xmlpath:
        config.option.xmlpath = str(run.settings.report / "junit.xml")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tells a worker of pytest-xdist about the run."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    if RUN in config.stash:
        node.workerinput["contracts"] = config.stash[RUN].to_text()  # type: ignore[attr-defined]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says what is aimed at."""
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    limit = "no limit" if run.settings.max_cost is None else f"at most ${run.settings.max_cost}"
    target = f"{run.state.base_url}, profile {run.state.profile}"
    return [f"contracts: {target}, level {run.settings.level}, {limit}, seed {run.seed}"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a test one of its probes at a time."""
    run = metafunc.config.stash.get(RUN, None)
    for mark in metafunc.definition.iter_markers(said.PROBES_MARK):
        built = list(mark.args[0](run.world)) if run is not None else []
        metafunc.parametrize("probe", built, ids=[probe.name for probe in built])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is not asked for, and puts what is free first."""
    ours = [item for item in items if PACKAGE in item.path.parents]
    run = config.stash.get(RUN, None)
    if run is None:
        if ours:
            raise pytest.UsageError(
                "contracts: --base-url URL is needed: which endpoint is judged?"
            )
        return
    reasons = {item: _why_not(item, run, config.stash[JUDGE]) for item in ours}
    left_out = [item for item, reason in reasons.items() if reason is not None]
    for item in left_out:
        config.stash[JUDGE].skipped(claims(item), str(reasons[item]))
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if reasons.get(item) is None), key=_turn)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begins to send the paid probes."""
    config = session.config
    run = config.stash.get(RUN, None)
    if run is None or run.settings.plan or _has_workers(config) or config.option.collectonly:
        return
    target = session.config.stash[TARGET]
    wave = Wave(
        target,
        [probe for item in session.items if (probe := _probe(item)) is not None],
        threads=run.settings.parallel,
    )
    hooks = Hooks(target, run.world, keys=run.keys, callback_url=run.settings.callback_url)
    session.config.stash[WAVE], session.config.stash[HOOKS] = wave, hooks
    session.config.stash[AGEING] = Ageing(target, run.world)
    if any("ageing" in getattr(item, "fixturenames", ()) for item in session.items):
        session.config.stash[AGEING].play()
    if any("hooks" in getattr(item, "fixturenames", ()) for item in session.items):
        hooks.start()
        hooks.entered.wait(HOOKS_FIRST_S)
    wave.start()
    proposals = config.stash[PROPOSALS] = Proposals(run.settings.spec, run.seed)
    if not hasattr(config, "workerinput"):
        proposals.ask(dict.fromkeys(filter(None, map(_operation, session.items))))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Prints the plan instead of running it, if that is asked for."""
    run = session.config.stash.get(RUN, None)
    if run is None or not run.settings.plan:
        return None
    planned = [_planned(item, run.world) for item in session.items]
    print_plan(planned, limit=run.settings.max_cost, console=Console())
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Writes down what a test has decided; what could not be judged is skipped, with the reason."""
    if RUN not in item.config.stash or PACKAGE not in item.path.parents:
        return (yield)
    judge = item.config.stash[JUDGE]
    judge.begin(item.nodeid)
    try:
        return (yield)
    except BreachError as error:
        judge.broken(error.breach)
        raise
    except Flaky as error:
        if (breach := _breach_in(error)) is None:
            raise
        judge.broken(breach.breach)
        raise breach from error
    except (NotJudgedError, BudgetEndedError) as error:
        reason = f"budget: {error}" if isinstance(error, BudgetEndedError) else str(error)
        judge.skipped(claims(item), reason)
        pytest.skip(reason)
    finally:
        judge.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows a breach by its own words instead of a traceback."""
    report = yield
    if RUN in item.config.stash and call.excinfo is not None:
        if isinstance(call.excinfo.value, BreachError):
            report.longrepr = str(call.excinfo.value)
        elif report.failed:
            note = f"{item.nodeid}: {call.excinfo.exconly()}"
            item.config.stash[TARGET].shared.note("errors", note)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Sums up, writes the files, and says by the exit code what was found."""
    config = session.config
    run = config.stash.get(RUN, None)
    if (wave := config.stash.get(WAVE, None)) is not None:
        wave.stop()
        config.stash[HOOKS].stop()
        config.stash[PROPOSALS].stop()
    if run is None or run.settings.plan or hasattr(config, "workerinput"):
        return
    target, started = config.stash[TARGET], config.stash[STARTED]
    report = summed_up(run, target.shared, target.budget.ledger(), started=started)
    config.stash[REPORT] = report
    if run.settings.report is not None:
        write_files(report, run.settings.report)
    if exitstatus in SUMMED_UP:
        session.exitstatus = report.exit_code


def pytest_terminal_summary(terminalreporter: object, config: pytest.Config) -> None:
    """Prints the verdict by rule."""
    if (report := config.stash.get(REPORT, None)) is not None:
        print_report(report, Console())


# (`pytestconfig` and not `request`, which pytest makes anew for each fixture of each test.)


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    """The endpoint under test."""
    return pytestconfig.stash[TARGET]


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    """Who decides what a breach counts for."""
    return pytestconfig.stash[JUDGE]


@pytest.fixture(scope="session")
def world(pytestconfig: pytest.Config) -> World:
    """The contract, the profile and the seed of the run."""
    return pytestconfig.stash[RUN].world


@pytest.fixture(scope="session")
def court(target: Target, judge: Judge, world: World) -> Court:
    """Where a probe is sent and judged whole."""
    return Court(target, judge, world)


@pytest.fixture(scope="session")
def spec(world: World) -> Spec:
    """The contract."""
    return world.spec


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The run: settings, keys, and what is known of the target."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def hooks(pytestconfig: pytest.Config) -> Hooks:
    """The webhooks of the run, played once."""
    return pytestconfig.stash[HOOKS]


@pytest.fixture(scope="session")
def ageing(pytestconfig: pytest.Config) -> Ageing:
    """What was made a week ago by the target's clock."""
    return pytestconfig.stash[AGEING]


@pytest.fixture(scope="session")
def wave(pytestconfig: pytest.Config) -> Wave:
    """The paid probes, sent together."""
    return pytestconfig.stash[WAVE]


@pytest.fixture(scope="session")
def proposals(pytestconfig: pytest.Config) -> Proposals:
    """What Schemathesis proposes to send."""
    return pytestconfig.stash[PROPOSALS]


def _run(config: pytest.Config) -> Run | None:
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, StartedRun):
            return plugin.run

    def get(name: str) -> object:
        return config.getoption(options.PREFIX + name)

    settings = options.read_settings(get, os.environ)
    if settings is None:
        return None
    if (worker_input := getattr(config, "workerinput", None)) is not None:
        return Run.from_text(settings, worker_input["contracts"])
    try:
        return Run.begin(settings)
    except (TargetError, SpecError) as error:
        pytest.exit(f"contracts: {error}", returncode=2)


def _has_workers(config: pytest.Config) -> bool:
    """Whether this process only hands out the tests (pytest-xdist)."""
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")


def _breach_in(error: BaseException) -> BreachError | None:
    """The breach that Hypothesis could not see a second time: it was seen all the same."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    seen = [error.__context__, error.__cause__, *inner]
    return next((each for each in seen if isinstance(each, BreachError)), None)


def _prepare_hypothesis(seed: int) -> None:
    """Local, seeded, and with its own printer: Schemathesis' plugin would print nothing."""
    pretty.RepresentationPrinter = PRINTER  # type: ignore[misc]
    core.global_force_seed = seed  # type: ignore[assignment]
    hypothesis.settings.register_profile(
        "contracts",
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    hypothesis.settings.load_profile("contracts")


def _probe(item: pytest.Item) -> Probe | None:
    callspec = getattr(item, "callspec", None)
    probe = callspec.params.get("probe") if callspec is not None else None
    return probe if isinstance(probe, Probe) else None


def _bill(item: pytest.Item) -> Bill | None:
    mark = item.get_closest_marker(said.BILL_MARK)
    found = mark.args[0] if mark is not None else None
    return found if isinstance(found, Bill) else None


def _operation(item: pytest.Item) -> str | None:
    """The operation that a test needs proposals for."""
    is_proposed = "proposals" in getattr(item, "fixturenames", ())
    callspec = getattr(item, "callspec", None)
    return callspec.params["operation"] if is_proposed and callspec is not None else None


def _level(item: pytest.Item) -> Level:
    probe, bill = _probe(item), _bill(item)
    levels = [each.level for each in (probe, bill) if each is not None]
    return max(levels, key=list(Level).index, default=Level.FREE)


def _turn(item: pytest.Item) -> tuple[bool, bool, bool, int]:
    """Free probes first, while the paid ones are sent; what wants the account alone comes last.

    At the end what is still being made: the proposals, then the webhooks; and what says it is last.
    """
    probe = _probe(item)
    is_free = probe is not None and probe.level is Level.FREE
    needs = getattr(item, "fixturenames", ())
    is_last = item.get_closest_marker(said.LAST_MARK) is not None
    return is_last, not is_free, probe is None, 2 * ("hooks" in needs) + ("proposals" in needs)


def _why_not(item: pytest.Item, run: Run, judge: Judge) -> str | None:
    """Why a test is left out of this run, None if it is not."""
    found = claims(item)
    if run.settings.rules and not any(claim.rule in run.settings.rules for claim in found):
        return "--rule asked for others"
    if not run.settings.level.covers(_level(item)):
        return f"it costs money (--level {_level(item)})"
    if all(_is_passed_over(claim, judge) for claim in found):
        return "assumed: judged with --also assumed, or on the project's mock"
    return None


def _is_passed_over(claim: Claim, judge: Judge) -> bool:
    return judge.weight(claim.rule, claim.part) is Outcome.NOT_JUDGED


def _planned(item: pytest.Item, world: World) -> Planned:
    probe, bill = _probe(item), _bill(item)
    if probe is not None:
        return Planned(
            item.nodeid, claims(item), probe.level, 1, probe.largest, probe.request.fingerprint()
        )
    if bill is not None:
        return Planned(
            item.nodeid, claims(item), bill.level, bill.requests, bill.largest(world), item.nodeid
        )
    return Planned(item.nodeid, claims(item), Level.FREE, 1, Decimal(0), item.nodeid)
