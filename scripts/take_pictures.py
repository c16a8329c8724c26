"""Take the pictures of the documentation from the demo, in a real terminal: `python -m scripts.take_pictures`.

Needs tmux, and Chromium for the PNG files. Look at the pictures before you keep them.
"""

import sys
import time
from pathlib import Path

from tests.terminal import Terminal, terminal

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"


def main() -> None:
    """Play the demo and keep the screens that the documents show."""
    for columns, rows, suffix in ((120, 36, ""), (80, 24, "-small")):
        command = [sys.executable, "-m", "server", "demo", "--seed", "7"]
        with terminal(command, columns=columns, rows=rows) as screen:
            screen.wait("ON DUTY", 60)
            _wait_for_callers(screen)
            screen.picture(PICTURES / f"queue{suffix}", "operator-console")
            _accept_a_call(screen)
            screen.picture(PICTURES / f"console{suffix}", "operator-console")
            screen.keys("m")
            screen.wait("MUTED")
            screen.picture(PICTURES / f"muted{suffix}", "operator-console")
            screen.keys("m", "?")
            time.sleep(1)
            screen.picture(PICTURES / f"help{suffix}", "operator-console")
    for svg in PICTURES.glob("*.svg"):
        if svg.with_suffix(".png").exists():
            svg.unlink()


def _wait_for_callers(screen: Terminal) -> None:
    """Wait until a few customers are there."""
    screen.wait(lambda shown: shown.count(" voice ") >= 2 and shown.count(" chat ") >= 2, 120)


def _accept_a_call(screen: Terminal) -> None:
    """Select the first call in the queue, take it, and wait until it has been talked on for a moment."""
    for _ in range(6):
        if "voice  waiting" in screen.text() or "voice  rings" in screen.text():
            break
        screen.keys("j")
        time.sleep(0.5)
    screen.keys("a")
    screen.wait("LIVE", 20)
    time.sleep(9)


if __name__ == "__main__":
    main()
