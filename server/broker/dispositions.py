"""Hold what a session is said to have been about to the words of its queue."""

from server.core.errors import CallerError, ConflictError
from server.wire.history import QueueView
from server.wire.sanitize import clean_line


def disposition_of(queue: QueueView | None, said: str, *, must_be_said: bool) -> str:
    """Return a disposition as the queue writes it; one that is not configured takes any words.

    Args:
        queue: What is configured of the session's queue, if anything.
        said: What the operator wrote; case does not matter.
        must_be_said: There will be no later chance to say it.

    Raises:
        CallerError: `unknown_disposition`, with those there are.
        ConflictError: `disposition_required`, with those there are.
    """
    bare = clean_line(said, 80).strip()
    known = queue.dispositions if queue is not None else ()
    listed = ", ".join(known)
    if bare and known:
        found = next((one for one in known if one.casefold() == bare.casefold()), None)
        if found is None:
            raise CallerError(
                "unknown_disposition",
                f"{bare} is no disposition of this queue.",
                f"There are: {listed}.",
                {"dispositions": listed},
            )
        return found
    if not bare and must_be_said and queue is not None and queue.disposition_required:
        raise ConflictError(
            "disposition_required",
            f"The queue {queue.name} asks what it was about.",
            f"Choose one of: {listed}." if known else "Write it in a word.",
            {"dispositions": listed},
        )
    return bare
