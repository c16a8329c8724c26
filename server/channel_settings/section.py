"""Hold what the sections of all channels share."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section


class ChannelSettings(Section, frozen=True, kw_only=True):
    """One account on one platform: a section `[channels.NAME]` each."""

    kind: str
    organisation: Annotated[
        str,
        Meta(
            pattern="^([a-z0-9][a-z0-9_-]{0,39})?$",
            description="Whose account it is; see docs/organisations.md. Empty: the default organisation's.",
        ),
    ] = ""
    api_base: str = ""
    assistant: Annotated[
        str,
        Meta(
            max_length=60, description="Name of the assistant's key that owns its conversations. Empty: the only key."
        ),
    ] = ""
    queue: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9_-]{0,39}$",
            description="Queue of handoffs on this channel for which triggers and the broker's own assistants name "
            "none. default: theirs.",
        ),
    ] = "default"
    elsewhere_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=604_800,
            description="After a person has answered in the platform's own app, the assistant is silent for so long.",
        ),
    ] = 3600.0
