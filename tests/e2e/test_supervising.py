"""Two consoles in two terminals: a supervisor sees the operator's chat on the wall, watches it and takes it over."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from tests import needs
from tests.live import chat, operator, rest
from tests.terminal import Terminal, terminal

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sound"), needs.mark(needs.TMUX)]

SECONDS = 60.0


@contextmanager
def console(broker: Running, token: str, folder: str, columns: int) -> Iterator[Terminal]:
    """Start a console in a terminal, with files of its own."""
    environment = {
        "OPERATOR_SERVER": broker.url,
        "OPERATOR_TOKEN": token,
        "XDG_STATE_HOME": str(Path(folder) / token / "state"),
        "XDG_CONFIG_HOME": str(Path(folder) / token / "config"),
    }
    command = [sys.executable, "-m", "operator_console"]
    with terminal(command, columns=columns, rows=30, environment=environment) as screen:
        yield screen


async def test_a_supervisor_watches_and_takes_over_from_the_wall() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as folder:
        async with running_broker('[desk]\nrouting = "pull"\n') as broker:
            sue = await operator(broker, "Sue", "supervisor")
            asked = await chat(broker, "Joan Ferrer")
            with console(broker, broker.operator, folder, 100) as mine, console(broker, sue, folder, 120) as hers:
                mine.wait("Joan Ferrer", SECONDS)
                mine.keys("a")
                mine.wait("1 chat", SECONDS)

                hers.wait("Joan Ferrer", SECONDS)
                hers.keys("W")
                hers.wait(lambda shown: "Wall" in shown and asked["number"] in shown and "SL2" in shown, SECONDS)
                _to_row(hers, str(asked["number"]))
                hers.keys("V")
                hers.wait("WATCHING", SECONDS)
                mine.wait("SUE WATCHES", SECONDS)

                hers.keys("X")
                hers.wait("Reason", SECONDS)
                hers.keys("complaint", "Enter")
                mine.wait("a supervisor took over", SECONDS)
            async with rest(broker, sue) as client:
                records = (await client.get("/v1/audit")).json()["records"]
                deeds = [(one["action"], one.get("reason", "")) for one in records]
                assert deeds == [("take_over", "complaint"), ("watch", "")]


def _to_row(screen: Terminal, number: str) -> None:
    """Move the wall's cursor down until what is watched is the row of this session."""
    shown = screen.wait(number, SECONDS)
    people = shown[shown.index("SL2") :].splitlines()
    rows = [line for line in people if "ON DUTY" in line or "OFF DUTY" in line or "AWAY" in line]
    for _ in range(next(at for at, line in enumerate(rows) if number in line)):
        screen.keys("j")
