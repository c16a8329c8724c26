"""What all tests share: the databases they may use, honest skips, and a log that no test leaves behind."""

import contextlib
import logging
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from tests import nats, postgres, skips, turns

# Parts of the names of tests that run in real time (sound, terminals, media): no other worker runs a test meanwhile.
IN_REAL_TIME = (
    "integration/operator_console/audio",
    "integration/server/media",
    "integration/server/sip",
    "legs_on_worker",
    "test_audio_backends",
    "test_bench",
)

TURNS = pytest.StashKey[Path]()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background of a shell: programs that tests start would inherit it, and never be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be created."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    with postgres.database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def nats_url() -> Iterator[str]:
    """The address of a NATS server; use subjects of one's own (`tests.nats.subject()`)."""
    with nats.server() as url:
        yield url


@pytest.fixture(autouse=True)
def log_left_as_found() -> Iterator[None]:
    """Undo what a test configured of the log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


def pytest_configure(config: pytest.Config) -> None:
    """Let the workers of this run take turns."""
    turn_taking = contextlib.ExitStack()
    config.stash[TURNS] = turn_taking.enter_context(turns.shared(worker=hasattr(config, "workerinput")))
    config.add_cleanup(turn_taking.close)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests with real processes, devices or terminals on one worker, and those in real time from the others."""
    for item in items:
        if item.get_closest_marker("integration") or item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group(skips.ONE_AT_A_TIME))
        if item.get_closest_marker("e2e") or any(part in item.nodeid for part in IN_REAL_TIME):
            item.add_marker("alone")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests in real time (`alone`) while no other worker runs anything."""
    with turns.turn(item.config.stash[TURNS], alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under the switch, turn an unlisted skip into a failure."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _judge(report, item.nodeid)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Under the switch, turn the unlisted skip of a whole file into a failure."""
    report = yield
    _judge(report, collector.nodeid)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the parts that this machine lacks, with the lines that install them."""
    lines = skips.summary(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if lines:
        terminalreporter.section("skipped parts (make system installs all of them on Debian)")
        for line in lines:
            terminalreporter.line(line)


def _judge(report: pytest.TestReport | pytest.CollectReport, test: str) -> None:
    if report.skipped and os.environ.get(skips.SWITCH) == "1":
        refusal = skips.refusal(test, _reason(report), skips.listed())
        if refusal is not None:
            report.outcome = "failed"
            report.longrepr = refusal


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")
