"""Say which assistants the broker asks itself: the sections [assistants.NAME]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class AssistantSettings(Section, frozen=True, kw_only=True):
    """One assistant that the broker asks: a section `[assistants.NAME]` each; NAME is the name of its key."""

    kind: Annotated[
        Literal["model", "webhook", "script"],
        Meta(
            description="model: an endpoint that speaks OpenAI's chat completions. webhook: your own bot, by a signed "
            "POST. script: a file of replies."
        ),
    ] = "model"
    url: Annotated[
        str,
        Meta(description="Model: the endpoint up to its version, https://host/v1. Webhook: the address of your bot."),
    ] = ""
    model: Annotated[str, Meta(max_length=200, description="Model: which of the endpoint's models.")] = ""
    key_file: Annotated[str, Meta(description="Model: file with the endpoint's key (chmod 600).")] = ""
    prompt: Annotated[str, Meta(description="Model: file with your instructions. Empty: the short ones that ship.")] = (
        ""
    )
    functions: Annotated[
        bool,
        Meta(description="Model: false for an endpoint that knows no function tools; it then asks in a line of text."),
    ] = True
    most_tokens: Annotated[
        int, Meta(ge=16, le=8192, description="Model: the longest answer, in tokens; a longer one has failed.")
    ] = 600
    secret_file: Annotated[
        str, Meta(description="Webhook: file with the shared secret (chmod 600), whsec_ and 24 to 64 bytes in base64.")
    ] = ""
    allow_private: Annotated[
        bool, Meta(description="Webhook: true lets it be http, or an address of this machine or of your own network.")
    ] = False
    script: Annotated[str, Meta(description="Script: the TOML file with its replies (docs/assistants.md).")] = ""
    timeout_seconds: Annotated[
        float, Meta(ge=1, le=120, description="From the question to the whole answer; then it has failed once.")
    ] = 20.0
    attempts: Annotated[
        int, Meta(ge=1, le=5, description="After so many failures on one turn the customer is told, a person is asked.")
    ] = 2
    later_seconds: Annotated[
        float, Meta(ge=5, le=3600, description="Webhook: an answer that was promised (202) must come within this time.")
    ] = 120.0
    history_turns: Annotated[int, Meta(ge=1, le=200, description="How many turns it is given.")] = 40
    most_answers: Annotated[
        int,
        Meta(
            ge=0,
            le=160,
            description="Answers in one conversation, of a day and since the last person; then one is asked. 0: any.",
        ),
    ] = 60
    queue: Annotated[
        str,
        Meta(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", description="Queue of its requests for a person that name none."),
    ] = "default"
    priority: Annotated[int, Meta(ge=0, le=9, description="Priority of requests that name none.")] = 5
    handoff_text: Annotated[
        str, Meta(max_length=500, description="What the customer is told when it asks for a person without a word.")
    ] = "I am asking a person to help you."
    question_text: Annotated[
        str, Meta(max_length=500, description="What the customer is told when it asks an operator without a word.")
    ] = "One moment, I am asking a colleague."
    failure_text: Annotated[str, Meta(max_length=500, description="What the customer is told when it has failed.")] = (
        "I am sorry, I cannot answer right now. A person will help you."
    )
