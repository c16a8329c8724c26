"""Read what a language model answered, as strictly as anything that comes from outside.

The answer must be the one JSON object that was asked for; prose, other fields, too many words are refused with a code.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from server.understanding.card import ModelCard
from server.understanding.redaction import Policy, redact
from server.understanding.summary import MOST_WORDS
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Source
from server.wire.views import NextAction

MOST_STEPS: Final = 5
SLACK_WORDS: Final = 15
"""A model counts words less well than a program: so many more are let pass."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One next step as a model says it."""

    label: Annotated[str, Meta(min_length=1, max_length=200)]
    say: Annotated[str, Meta(max_length=2_000)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object that a model is asked for."""

    summary: Annotated[str, Meta(min_length=1, max_length=4_000)]
    next_actions: Annotated[tuple[Step, ...], Meta(max_length=12)]


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Message
    finish_reason: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """How many tokens a question and its answer took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(msgspec.Struct, frozen=True):
    """What is read of a chat completion (OpenAI API reference, "The chat completion object")."""

    choices: tuple[_Choice, ...]
    usage: Usage | None = None


class AnswerError(Exception):
    """The answer cannot be used; the text is the code."""


SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary", "next_actions"],
    "properties": {
        "summary": {"type": "string"},
        "next_actions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "say"],
                "properties": {"label": {"type": "string"}, "say": {"type": "string"}},
            },
        },
    },
}
"""The same shape as `Answer`, for the endpoint; within what strict structured outputs allow."""


def completion_of(body: bytes) -> Completion:
    """Return the completion in a body.

    Raises:
        AnswerError: `model_not_json`, `model_bad_shape`.
    """
    try:
        return msgspec.json.decode(body, type=Completion)
    except msgspec.ValidationError as error:
        raise AnswerError("model_bad_shape") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AnswerError("model_not_json") from error


def card_of(completion: Completion) -> ModelCard:
    """Return the card in a completion, cleaned, redacted and bounded.

    Raises:
        AnswerError: `model_empty`, `model_refused`, `model_cut_short`, `model_not_json`, `model_bad_shape`,
            `model_too_long`.
    """
    choice = completion.choices[0] if completion.choices else None
    if choice is None or not (choice.message.content or choice.message.refusal):
        raise AnswerError("model_empty")
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise AnswerError("model_refused")
    if choice.finish_reason == "length":
        raise AnswerError("model_cut_short")
    try:
        answer = msgspec.json.decode(choice.message.content or "", type=Answer)
    except msgspec.ValidationError as error:
        raise AnswerError("model_bad_shape") from error
    except msgspec.DecodeError as error:
        raise AnswerError("model_not_json") from error
    if len(answer.summary.split()) > MOST_WORDS + SLACK_WORDS:
        raise AnswerError("model_too_long")
    steps = tuple(
        NextAction(
            label=_safe(clean_line(step.label, 80)), say=_safe(clean_text(step.say, 600, 6)), source=Source.MODEL
        )
        for step in answer.next_actions[:MOST_STEPS]
    )
    return ModelCard("ok", _safe(clean_text(" ".join(answer.summary.split()), 1_000, 3)), (), steps)


def _safe(text: str) -> str:
    return redact(text, Policy()).text
