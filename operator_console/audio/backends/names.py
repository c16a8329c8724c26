"""Give devices names that outlive a restart: PortAudio knows them by numbers that change when one is plugged in."""

from collections import Counter

import msgspec

from operator_console.audio.messages import Device, Direction
from operator_console.audio.problems import BackendError


class Named(msgspec.Struct, frozen=True):
    """One device as PortAudio lists it; `rate` is its own, in Hz."""

    name: str
    host: str
    inputs: int
    outputs: int
    rate: int

    def does(self, direction: Direction) -> bool:
        """Tell whether it records (plays)."""
        return (self.inputs if direction is Direction.MICROPHONE else self.outputs) > 0


def identities(named: list[Named]) -> list[str]:
    """Return the id of each device: host and name, with a number where two are called the same."""
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for entry in named:
        text = f"{entry.host}/{entry.name}"
        seen[text] += 1
        ids.append(text if seen[text] == 1 else f"{text}#{seen[text]}")
    return ids


def device_list(named: list[Named], microphone: int, speaker: int) -> tuple[Device, ...]:
    """Return the devices as the console lists them; the two numbers are the system's defaults (-1: none)."""
    return tuple(
        Device(
            id=identity,
            name=entry.name,
            microphone=entry.inputs > 0,
            speaker=entry.outputs > 0,
            default_microphone=index == microphone,
            default_speaker=index == speaker,
        )
        for index, (identity, entry) in enumerate(zip(identities(named), named, strict=True))
        if entry.inputs > 0 or entry.outputs > 0
    )


def index_of(named: list[Named], device_id: str, direction: Direction, default: int) -> int:
    """Return PortAudio's number of a device; "" is the default one.

    Raises:
        BackendError: no_device, when it is not there or does not go in this direction.
    """
    if not device_id:
        if 0 <= default < len(named):
            return default
        raise BackendError("no_device", f"the system has no default {direction.value}")
    for index, identity in enumerate(identities(named)):
        if identity == device_id and named[index].does(direction):
            return index
    raise BackendError("no_device", f"{device_id} is not plugged in")
