"""Read how long another server wants to be left alone."""


def retry_after(text: str) -> float | None:
    """Return the seconds of a Retry-After header; None when it names none, a date, or nonsense."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if seconds >= 0 else None
