"""Answer the commonest command lines before the whole command line is built: it takes longer to load than to ask.

Only what is understood to the last word is answered here; everything else, with every error and every `--help`, is
left to `operator_console.cli.app`, which knows the same commands.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from operator_console.cli import answers
from operator_console.cli.invocation import Invocation

Answer = Callable[[Invocation, bool], None]

ANSWERS: Final[dict[str, Answer]] = {"queue": answers.queue, "team": answers.team}
"""By name, what takes no option but `--json`."""
_CONFIG: Final = {"--config", "-c"}
_SERVER: Final = {"--server", "-s"}


class Known(msgspec.Struct, frozen=True):
    """One command line that is understood: which command (none: the screen), for whom, and how."""

    command: str
    invocation: Invocation
    flag: bool

    def run(self) -> int:
        """Do it and return the exit code."""
        if self.command:
            ANSWERS[self.command](self.invocation, self.flag)
            return 0
        from operator_console.cli.opening import open_or_set_up  # noqa: PLC0415 - loads Textual

        return open_or_set_up(self.invocation, view_only=self.flag)


def known(words: Sequence[str]) -> Known | None:
    """Return what these words ask for; None when any of them needs the whole command line."""
    taken = _shared(words)
    if taken is None:
        return None
    invocation, rest = taken
    command = rest[0] if rest and not rest[0].startswith("-") else ""
    if command and command not in ANSWERS:
        return None
    options = rest[1:] if command else rest
    if options not in ([], ["--json" if command else "--readonly"]):
        return None
    return Known(command, invocation, bool(options))


def _shared(words: Sequence[str]) -> tuple[Invocation, list[str]] | None:
    """Take the options that stand before a command; None for one without its value."""
    config: Path | None = None
    server = ""
    rest = list(words)
    while rest and rest[0] in _CONFIG | _SERVER:
        if len(rest) < 2 or rest[1].startswith("-"):
            return None
        if rest[0] in _CONFIG:
            config = Path(rest[1])
        else:
            server = rest[1]
        del rest[:2]
    return Invocation(config_path=config, server=server), rest
