"""Find the assistant that owns what comes in from outside: the key that a section of the configuration names."""

from server.broker.ports.records import Principal
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.wire.terms import OrganisationId


def answering_key(unit: Unit, organisation_id: OrganisationId, name: str, section: str) -> Principal:
    """Return the key of this name, or the only key when none is named.

    Raises:
        CallerError: `no_assistant` when it is not there, or not clear which.
    """
    keys = [one for one in unit.roster.credentials(organisation_id, "assistant") if one.revoked_at is None]
    named = [one for one in keys if not name or one.name == name]
    if len(named) != 1:
        raise CallerError(
            "no_assistant",
            "It is not clear which assistant answers.",
            f"Set [{section}] assistant to the name of one key of `operator-server keys list`.",
        )
    key = named[0]
    return Principal(kind="assistant", id=key.subject_id, organisation_id=organisation_id, name=key.name)
