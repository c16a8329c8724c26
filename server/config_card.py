"""Say what is taken out of texts, and what the card shows: the sections [redaction], [card] and [llm]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class RedactionSettings(Section, frozen=True, kw_only=True):
    """What is taken out of texts before they are stored, shown, logged or sent to a model."""

    cards: Annotated[
        Literal["ending", "all", "keep"],
        Meta(
            description="Payment cards, written or spoken. ending: the last four digits stay. all: nothing stays. "
            "keep: not taken out, which no card scheme allows."
        ),
    ] = "ending"
    security_codes: Annotated[bool, Meta(description="The code on the back of a card (CVV, CVC).")] = True
    one_time_codes: Annotated[bool, Meta(description="Verification codes and PINs.")] = True
    passwords: Annotated[bool, Meta(description="Passwords that customers say or write.")] = True
    ibans: Annotated[bool, Meta(description="Bank accounts as IBAN; the last four characters stay.")] = True
    national_ids: Annotated[bool, Meta(description="Social security, tax, identity card and passport numbers.")] = True
    organisations: Annotated[
        str,
        Meta(
            description="TOML file with a table for each organisation that wants it otherwise, named by its id; cards, "
            "card_endings and the settings above, each true or false. Empty: the same for all."
        ),
    ] = ""


class CardSettings(Section, frozen=True, kw_only=True):
    """What the card shows beyond what the assistant says: the broker reads it out of the transcript."""

    fields: Annotated[
        str,
        Meta(
            description="TOML file with fields of your own, each a [[field]] with a name and either a pattern or "
            "examples (docs/understanding.md). Empty: only the fields everybody has."
        ),
    ] = ""
    actions: Annotated[
        str,
        Meta(
            description="TOML file with the rules for next steps (docs/understanding.md), in the place of those that "
            "ship. Empty: those that ship."
        ),
    ] = ""


class LlmSettings(Section, frozen=True, kw_only=True):
    """A language model that may better what the card says; the built-in card is on screen before it answers."""

    url: Annotated[
        str,
        Meta(
            description="Address of an endpoint that speaks OpenAI's chat completions, up to its version: "
            "https://host/v1. Empty: no model is asked."
        ),
    ] = ""
    name: Annotated[str, Meta(max_length=200, description="Which of its models.")] = ""
    key_file: Annotated[str, Meta(description="File with the endpoint's key (chmod 600). Or set OPERATOR_LLM_KEY.")] = (
        ""
    )
    timeout_seconds: Annotated[
        float, Meta(ge=0.5, le=30, description="Longer answers are given up; the built-in card stays.")
    ] = 3.0
    prompt: Annotated[
        str, Meta(description="File with instructions in the place of those that ship. Empty: those that ship.")
    ] = ""
    cents_per_million_in: Annotated[
        int, Meta(ge=0, description="Cents that a million tokens of the question cost, to count the money spent.")
    ] = 0
    cents_per_million_out: Annotated[int, Meta(ge=0, description="Cents that a million tokens of the answer cost.")] = 0
