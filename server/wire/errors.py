"""Give every refusal the same body: a stable code, a sentence, and what to do next."""

import msgspec


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """One refusal, on REST and on the sockets alike.

    Attributes:
        code: Stable, part of the API; docs/protocol.md lists all of them.
        message: What went wrong, one sentence, safe to show.
        hint: What to do next, one sentence; empty when there is nothing to do.
        details: Facts that belong to the code, for example the winner of a lost race.
    """

    code: str
    message: str
    hint: str = ""
    details: dict[str, str] = {}
