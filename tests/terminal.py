"""Drive a program in a real terminal (tmux): type keys, read the screen, take a picture of it."""

import io
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from rich.ansi import AnsiDecoder
from rich.console import Console

WAIT_SECONDS = 60.0


class ScreenError(AssertionError):
    """What was waited for did not appear; the message shows the screen."""


class Terminal:
    """One tmux server with one pane."""

    def __init__(self, socket: str, columns: int, rows: int) -> None:
        self._socket = socket
        self.columns = columns
        self.rows = rows

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=False)
        return done.stdout

    def keys(self, *names: str) -> None:
        """Type keys by tmux's names, one after the other: "a", "Enter", "C-q"."""
        for name in names:
            self._tmux("send-keys", "-t", "0", name)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-t", "0", "-l", text)

    def text(self) -> str:
        """Return what the screen shows."""
        return self._tmux("capture-pane", "-p", "-t", "0")

    def value(self, form: str) -> str:
        """Return what tmux knows of the pane, for example "#{pane_title}"."""
        return self._tmux("display-message", "-p", "-t", "0", form).rstrip("\n")

    def outside(self) -> list[str]:
        """Return the command that looks at this terminal from another one, with passthrough allowed."""
        self._tmux("set", "-g", "allow-passthrough", "on")
        return ["tmux", "-L", self._socket, "attach"]

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self.columns, self.rows = columns, rows
        self._tmux("resize-window", "-t", "0", "-x", str(columns), "-y", str(rows))

    def wait(self, what: str | Callable[[str], bool], seconds: float = WAIT_SECONDS) -> str:
        """Return the screen once it shows `what`."""
        until = time.monotonic() + seconds
        shown = ""
        while time.monotonic() < until:
            shown = self.text()
            if what in shown if isinstance(what, str) else what(shown):
                return shown
            time.sleep(0.05)
        raise ScreenError(f"Waited {seconds} s in vain for {what!r}. The screen:\n{shown}")

    def wait_gone(self, what: str, seconds: float = WAIT_SECONDS) -> str:
        """Return the screen once it does not show `what` any more."""
        return self.wait(lambda shown: what not in shown, seconds)

    def pid(self) -> int:
        """Return the process in the pane."""
        return int(self._tmux("list-panes", "-t", "0", "-F", "#{pane_pid}").strip())

    def picture(self, path: Path, title: str = "operator-console") -> Path:
        """Save the screen as SVG at `path`, and beside it as PNG where Chromium is there; return the newest."""
        lines = self._tmux("capture-pane", "-e", "-N", "-p", "-t", "0").split("\n")[: self.rows]
        console = Console(
            width=self.columns, file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor"
        )
        for line in AnsiDecoder().decode("\n".join(lines)):
            console.print(line, no_wrap=True, overflow="crop")
        path.parent.mkdir(parents=True, exist_ok=True)
        svg = path.with_suffix(".svg")
        svg.write_text(console.export_svg(title=title), encoding="utf-8")
        return png_of(svg) or svg


def png_of(svg: Path) -> Path | None:
    """Return the picture of an SVG drawn by Chromium; None where there is none."""
    browser = shutil.which("chromium")
    if browser is None:
        return None
    png = svg.with_suffix(".png")
    head = svg.read_text(encoding="utf-8")[:400]
    box = head.split('viewBox="0 0 ')[1].split('"')[0].split()
    width, height = (int(float(part)) + 1 for part in box)
    subprocess.run(
        [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={svg.parent / '.chromium'}", f"--window-size={width},{height}",
            f"--screenshot={png}", svg.resolve().as_uri(),
        ],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    shutil.rmtree(svg.parent / ".chromium", ignore_errors=True)
    return png if png.exists() else None


@contextmanager
def terminal(
    command: list[str], *, columns: int = 120, rows: int = 40, environment: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run `command` in a terminal of this size and kill what is left in the end."""
    socket = f"operator-test-{uuid4().hex[:8]}"
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in (environment or {}).items())
    line = f"exec env TERM=tmux-256color COLORTERM=truecolor {exports} {shlex.join(command)}"
    subprocess.run(
        ["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), line],
        check=True, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    subprocess.run(["tmux", "-L", socket, "set", "-g", "remain-on-exit", "on"], check=False)
    try:
        yield Terminal(socket, columns, rows)
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, capture_output=True)
