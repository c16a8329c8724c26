"""Hold the demo's conversations as data: who calls or writes, what is said, and what the assistant hands over.

One TOML file per conversation in `scripts/`, plus `shared.toml` with what is said to everybody. Lines that are
heard name a clip in `speech/`; earlier turns of a call were "said before we tuned in" and have none.
"""

import tomllib
from importlib.resources import files
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from server.wire.requests import QueueName
from server.wire.terms import Author, Medium
from server.wire.views import Attribute, Context, MessageView

SCRIPTS: Final = files("server.demo") / "scripts"
SHARED_FILE: Final = "shared.toml"
AGREED: Final = "{agreed}"
"""Where the assistant's return line says what operator and customer agreed."""

Clip = Annotated[str, Meta(pattern="^([a-z0-9_-]+)?$")]


class ContentError(Exception):
    """A script file is wrong; the sentence names the file and the field."""


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of a script share: frozen, and unknown fields are refused."""


class Line(Data, frozen=True, kw_only=True):
    """One thing to say: `text` is written, `spoken` (if it differs) is what `clip` was recorded from."""

    text: str
    clip: Clip = ""
    spoken: str = ""


class Turn(Line, frozen=True, kw_only=True):
    """One turn before the handoff."""

    who: Literal["customer", "assistant"]

    @property
    def author(self) -> Author:
        """The turn's author in the words of the wire."""
        return Author(self.who)


class Answer(Line, frozen=True, kw_only=True):
    """What the customer says to the operator; `words` name when it fits best, none means any time."""

    words: tuple[str, ...] = ()


class Voice(Data, frozen=True, kw_only=True):
    """How `scripts/make_demo_speech.py` speaks this person: an espeak-ng voice, its pitch (0-99), words a minute."""

    speaker: str
    pitch: int
    speed: int


class Handoff(Data, frozen=True, kw_only=True):
    """How the assistant asks for a person."""

    reason: str
    queue: QueueName
    priority: Annotated[int, Meta(ge=0, le=9)]


class Script(Data, frozen=True, kw_only=True):
    """One customer's whole story.

    Attributes:
        transport: How a caller's audio arrives, "twilio" or "stream"; unused for a chat.
        arrives_seconds: When the conversation begins, counted from the start of a round.
        patience_seconds: How long the customer waits for a person before leaving.
        uneasy: What the customer says when nothing happens.
        attributes: Facts that the platform brings, for the rules of the house.
        farewell: The customer's last words, to the assistant after the return.
        back: The assistant's words on the return; `{agreed}` stands for the operator's note.
    """

    id: Annotated[str, Meta(pattern="^[a-z_]+$")]
    medium: Medium
    customer: str
    arrives_seconds: float
    patience_seconds: float
    handoff: Handoff
    context: Context
    turns: tuple[Turn, ...]
    answers: tuple[Answer, ...]
    uneasy: Line
    farewell: Line
    back: Line
    transport: Literal["twilio", "stream"] = "stream"
    voice: Voice | None = None
    attributes: dict[str, Attribute] = {}

    @property
    def is_call(self) -> bool:
        """Whether this customer speaks rather than writes."""
        return self.medium is Medium.VOICE

    def heard(self, author: Author) -> tuple[Line, ...]:
        """Return every line of `author` that has a clip, in the order of the file."""
        turns: tuple[Line, ...] = tuple(turn for turn in self.turns if turn.author is author)
        mine = (*self.answers, self.uneasy, self.farewell) if author is Author.CUSTOMER else (self.back,)
        return tuple(line for line in (*turns, *mine) if line.clip)


class Shared(Data, frozen=True, kw_only=True):
    """What is said in every conversation: by the assistant, and by the scripted operator of the plain mode."""

    assistant_voice: Voice
    operator_voice: Voice
    fetching: tuple[Line, ...]
    holding: tuple[Line, ...]
    chat_fetching: tuple[Line, ...]
    operator_lines: tuple[Line, ...]
    operator_chat: tuple[Line, ...]
    nobody: tuple[Line, ...]


class Content(Data, frozen=True, kw_only=True):
    """Everything the demo plays, the scripts in the order of their arrival."""

    shared: Shared
    scripts: tuple[Script, ...]


def load_content() -> Content:
    """Read and check all script files.

    Raises:
        ContentError: a file is not TOML or a field is wrong.
    """
    scripts: list[Script] = []
    shared: Shared | None = None
    for path in sorted(SCRIPTS.iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith(".toml"):
            continue
        try:
            fields = tomllib.loads(path.read_text(encoding="utf-8"))
            if path.name == SHARED_FILE:
                shared = msgspec.convert(fields, Shared)
            else:
                scripts.append(msgspec.convert(fields, Script))
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ContentError(f"{path.name}: {error}") from error
    if shared is None:
        raise ContentError(f"{SHARED_FILE} is missing among the demo's scripts.")
    return Content(shared=shared, scripts=tuple(sorted(scripts, key=lambda script: script.arrives_seconds)))


def agreement(note: str, stretch: tuple[MessageView, ...]) -> str:
    """Return what was agreed, as a sentence: the operator's note, else their last words, else a plain statement."""
    said = [message.text for message in stretch if message.author is Author.OPERATOR]
    text = (note or (said[-1] if said else "my colleague has taken care of it")).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
