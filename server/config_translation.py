"""Say who translates between customers and the desk: the section [translation]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section

Language = Annotated[str, Meta(pattern="^[a-z]{2}$")]
"""Two letters (ISO 639-1)."""


class TranslationSettings(Section, frozen=True, kw_only=True):
    """Who translates between customers and the desk. Nobody's message ever waits for it."""

    kind: Annotated[
        Literal["off", "model", "script"],
        Meta(
            description="off: nobody translates. model: an endpoint that speaks OpenAI's chat completions. script: a "
            "book of phrases."
        ),
    ] = "off"
    languages: Annotated[
        tuple[Language, ...],
        Meta(
            min_length=1,
            max_length=20,
            description="What the desk reads, by two letters (ISO 639-1); it is given translations into the first.",
        ),
    ] = ("en",)
    automatic: Annotated[
        bool,
        Meta(
            description="true: handoffs in another language are translated by themselves. false: an operator switches "
            "it on with :translate on."
        ),
    ] = True
    url: Annotated[str, Meta(description="Model: the endpoint up to its version, https://host/v1.")] = ""
    model: Annotated[str, Meta(max_length=200, description="Model: which of the endpoint's models.")] = ""
    key_file: Annotated[str, Meta(description="Model: file with the endpoint's key (chmod 600).")] = ""
    timeout_seconds: Annotated[
        float, Meta(ge=0.5, le=30, description="Model: then no translation came, and the screen says so.")
    ] = 6.0
    script: Annotated[
        str, Meta(description="Script: a TOML file of phrases (docs/translation.md). Empty: the book that ships.")
    ] = ""
