"""Say what plans there are: how much an organisation may have, and of what."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section
from server.wire.terms import Feature

_Most = Annotated[int, Meta(ge=0, le=1_000_000)]


class PlanSettings(Section, frozen=True, kw_only=True):
    """One plan: a section `[plans.NAME]` each; `operator-server organisations plan` gives it to an organisation."""

    operators: Annotated[_Most, Meta(description="People on the roster; 0: any number.")] = 0
    assistants: Annotated[_Most, Meta(description="Assistants' keys that work; 0: any number.")] = 0
    sessions: Annotated[_Most, Meta(description="Handoffs open at once; 0: any number.")] = 0
    channels: Annotated[_Most, Meta(description="Accounts on platforms; 0: any number.")] = 0
    features: Annotated[
        tuple[Feature, ...],
        Meta(description="What may be used: voice, supervision, translation. Empty: text chats alone."),
    ] = tuple(Feature)
