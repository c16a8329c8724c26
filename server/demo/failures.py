"""Name the single failures inside a group, so that they can be told one by one."""


def single_failures(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """Return the leaves of a group of exceptions, in order."""
    found: list[Exception] = []
    for error in group.exceptions:
        found += single_failures(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
