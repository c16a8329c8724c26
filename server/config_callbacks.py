"""Say when and how often customers are called back: the section [callbacks]."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section


class CallbackSettings(Section, frozen=True, kw_only=True):
    """How callbacks are tried: they keep their place in the queue, and ring at operators when their turn has come."""

    attempts: Annotated[int, Meta(ge=1, le=20, description="Calls at the most, until the customer is reached.")] = 3
    gap_seconds: Annotated[
        float, Meta(ge=10, le=604_800, description="How long after a call that came to nothing the next one may come.")
    ] = 900.0
    keep_seconds: Annotated[
        float, Meta(ge=60, le=2_592_000, description="A callback without a time of its own has expired after so long.")
    ] = 86_400.0
    hours: Annotated[
        tuple[str, ...],
        Meta(max_length=50, description='When people may be called, such as "mon-sat 09:00-20:00". Empty: always.'),
    ] = ()
    time_zone: Annotated[
        str, Meta(min_length=1, max_length=64, description="Whose clock the hours mean, such as Europe/Berlin.")
    ] = "UTC"
    holidays: Annotated[
        tuple[str, ...], Meta(max_length=400, description='Days on which nobody is called, such as "2027-01-01".')
    ] = ()
    redial_seconds: Annotated[
        float, Meta(ge=0, le=3600, description="Who hangs up and asks again in this time has their place back. 0: not.")
    ] = 60.0
