"""Word the refusals of the store: what went wrong with the database and what to do about it."""

from server.core.errors import CallerError, ConflictError, ProviderError
from server.storage.line import Share


def unavailable(what: str, hint: str) -> ProviderError:
    """Return the refusal of a transaction of which nothing is there."""
    return ProviderError("database_unavailable", f"Nothing was saved: {what}.", hint)


def nothing_saved(error: Exception) -> ProviderError:
    """Return what one of many is told after an error that struck all of them."""
    if isinstance(error, ProviderError) and error.code == "database_unavailable":
        return ProviderError(error.code, error.message, error.hint)
    if isinstance(error, ProviderError):
        return unavailable("the database cannot be reached", error.hint)
    return unavailable(f"an error of the program ({type(error).__name__})", "Look at the broker's log.")


def in_use(share: Share) -> CallerError:
    """Return the refusal of a database that others use in a way that does not go with ours."""
    if share is Share.ALONE:
        return CallerError("database_locked", "A broker uses this database.", "Stop every broker first.")
    return CallerError("database_locked", "This database is being migrated.", "Start the broker when that is done.")


def busy() -> ProviderError:
    """Return the refusal of work for which there is no room now."""
    return ProviderError("database_busy", "The database has too much to do.", "Try again in a moment.")


def unreachable(what: str, hint: str) -> ProviderError:
    """Return the refusal to open a database that does not answer."""
    return ProviderError("database_unreachable", f"The database cannot be reached: {what}.", hint)


def closed() -> ProviderError:
    """Return the refusal of work after the store was closed."""
    return unavailable("the store is closed", "The broker is stopping; try again when it is back.")


def concurrent_change() -> ConflictError:
    """Return the refusal of a change to something that changed meanwhile."""
    return ConflictError("concurrent_change", "Somebody else changed this at the same moment.", "Try again.")


def already_exists(what: str) -> ConflictError:
    """Return the refusal of a second row where there can be one only."""
    return ConflictError("already_exists", f"That exists already ({what}).", "Use the one that is there.")


def inconsistent(what: str) -> ConflictError:
    """Return the refusal of a row that names another which is not there."""
    return ConflictError("inconsistent", f"This does not fit what is stored ({what}).", "Look again, then try again.")


def unstorable(what: str) -> CallerError:
    """Return the refusal of a value that a database cannot hold."""
    return CallerError("unstorable_value", f"This cannot be stored: {what}.", "Leave out control characters.")
