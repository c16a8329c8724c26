"""Refuse an idempotency key that came with another request before."""

from server.core.errors import CallerError


def key_reused() -> CallerError:
    """Return the refusal for an idempotency key that came with another body before."""
    return CallerError(
        "idempotency_key_reused", "This idempotency key was used for another request.", "Take a new key per request."
    )
