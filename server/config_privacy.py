"""Say what the configuration tells about how long people's words are kept."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section


class PrivacySettings(Section, frozen=True, kw_only=True):
    """How long what people said is kept; docs/privacy.md says what is erased, and what stays."""

    keep_conversations_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description="A conversation is erased so many days after its last word, with its turns, handoffs' notes, "
            "files and recordings; figures stay. 0: kept for ever.",
        ),
    ] = 0
