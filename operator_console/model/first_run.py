"""Lead a new operator to a working desk: which step is next, and what a failure means in plain words. Pure.

Each step writes what it has proven at once, so a set-up that was left goes on where it stood.
"""

from enum import StrEnum
from typing import Final

import msgspec

from server.wire.errors import ErrorBody


class SetupStep(StrEnum):
    """The steps, in their order."""

    BROKER = "broker"
    TOKEN = "token"  # noqa: S105 - the name of a step
    SOUND = "sound"
    KEYS = "keys"


class Choice(StrEnum):
    """What the operator does after the set-up."""

    DESK = "desk"
    TOUR = "tour"


ORDER: Final = tuple(SetupStep)

TITLES: Final = {
    SetupStep.BROKER: "Where is your broker?",
    SetupStep.TOKEN: "Who are you?",
    SetupStep.SOUND: "Can you hear and be heard?",
    SetupStep.KEYS: "The keys you need first",
}
TEXTS: Final = {
    SetupStep.BROKER: "The address of your desk, from your administrator. On this machine it is http://127.0.0.1:8080.",
    SetupStep.TOKEN: "Your own token, from your administrator. It is kept in a file that only you can read.",
    SetupStep.SOUND: "s opens the sound page: devices, a level meter, a test that plays back what you say. "
    "Chats need no sound.",
    SetupStep.KEYS: "Every key is on ? and every command on ctrl+p.",
}
FIRST_KEYS: Final = (
    ("duty.set", "d", "go on and off duty"),
    ("call.accept", "a", "accept the selected call or chat"),
    ("chat.reply", "i", "write to the customer"),
    ("call.mute", "m", "microphone off and on"),
    ("after.back", "b", "give it back to the AI"),
    ("after.resolve", "r", "resolve, or finish the wrap-up"),
    ("help.open", "?", "all keys"),
    ("desk.quit", "^q", "leave"),
)
"""Actions, their keys in the table, and what they do."""


class FirstRun(msgspec.Struct, frozen=True):
    """How far the set-up is.

    Attributes:
        step: What is asked now.
        url: The broker's address, as written or as it was proven.
        known: What the steps before have found, one sentence each.
        problem: Why the last answer did not do.
        busy: An answer is being proven.
    """

    step: SetupStep = SetupStep.BROKER
    url: str = ""
    known: tuple[str, ...] = ()
    problem: ErrorBody | None = None
    busy: bool = False


def proven(run: FirstRun, step: SetupStep, said: str, url: str = "") -> FirstRun:
    """Return the set-up after a step was proven; an answer to another step than the present one is old news."""
    if run.step is not step:
        return run
    after = ORDER[min(ORDER.index(step) + 1, len(ORDER) - 1)]
    return FirstRun(after, url or run.url, (*run.known, said))


def back(run: FirstRun) -> FirstRun:
    """Return the set-up one step before."""
    at = max(ORDER.index(run.step) - 1, 0)
    return FirstRun(ORDER[at], run.url, run.known[:at])


def explained(body: ErrorBody) -> ErrorBody:
    """Return a refusal with what to do about it in the set-up."""
    text = body.message.casefold()
    if "certificate" in text or "ssl" in text or "tls" in text:
        return ErrorBody(
            "tls",
            body.message,
            "The address is right but its certificate is not trusted. Ask for the site's own authority file and name "
            "it as ca_file under [server] of the configuration, or check http/https.",
        )
    copy = "Copy the token again, whole and without spaces. It may have been revoked: then ask for a new one."
    hints = {
        "cannot_connect": "Is the address right, the network (or VPN) up, does operator-server run? Enter tries again.",
        "not_authenticated": copy,
        "bad_token": copy,
        "operators_only": "This is an assistant's key. Ask your administrator: operator-server operators add NAME.",
    }
    return ErrorBody(body.code, body.message, hints.get(body.code, body.hint))
