"""Find out whether the system keeps sound from us, which PortAudio does not tell."""

import os
import sys
from pathlib import Path
from typing import Final

SOUND_NODES: Final = Path("/dev/snd")
"""Where Linux keeps its sound cards."""


def refusals(nodes: Path = SOUND_NODES, environment: dict[str, str] | None = None) -> tuple[str, ...]:
    """Return the sound cards and sound-server sockets that exist but that this user may not open.

    Empty on other systems: macOS and Windows deliver silence instead.
    """
    if sys.platform != "linux":
        return ()
    places = [*_cards(nodes), *_sockets(dict(os.environ) if environment is None else environment)]
    return tuple(str(place) for place in places if _refused(place))


def _cards(nodes: Path) -> list[Path]:
    try:
        return sorted(place for place in nodes.iterdir() if place.name.startswith("pcm"))
    except OSError:
        return [nodes] if nodes.exists() else []


def _sockets(environment: dict[str, str]) -> list[Path]:
    server = environment.get("PULSE_SERVER", "")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    named = [Path(server.removeprefix("unix:"))] if server.startswith(("unix:", "/")) else []
    return named or ([Path(runtime) / "pulse" / "native"] if runtime else [])


def _refused(place: Path) -> bool:
    """Tell whether `place` is there and closed to us."""
    try:
        place.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(place, os.R_OK | os.W_OK)
