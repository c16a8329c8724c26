"""Hold a large mapping of which few entries change at a time: a changed one shares almost everything with the old one.

A model is never changed in place, and a desk of ten thousand sessions changes fifty times a second; copying all of them
each time took most of a change. Here a change copies the few entries that changed lately, and all only now and then.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final, TypeVar

from typing_extensions import override

K = TypeVar("K")
V = TypeVar("V")


class Layered(Mapping[K, V]):
    """A mapping that never changes: a large part below, the latest changes over it (None: the key is gone)."""

    __slots__ = ("_below", "_count", "_over")

    def __init__(self, below: Mapping[K, V], over: Mapping[K, V | None], count: int) -> None:
        """Take both parts, which nobody may change any more, and how many keys there are."""
        self._below: Final = below
        self._over: Final = over
        self._count: Final = count

    @override
    def __getitem__(self, key: K) -> V:
        if key in self._over:
            value = self._over[key]
            if value is None:
                raise KeyError(key)
            return value
        return self._below[key]

    @override
    def __contains__(self, key: object) -> bool:
        return self._over[key] is not None if key in self._over else key in self._below  # type: ignore[index]

    @override
    def __len__(self) -> int:
        return self._count

    @override
    def __iter__(self) -> Iterator[K]:
        over, below = self._over, self._below
        yield from (key for key in below if key not in over or over[key] is not None)
        yield from (key for key, value in over.items() if value is not None and key not in below)

    @property
    def parts(self) -> tuple[Mapping[K, V], Mapping[K, V | None]]:
        """The large part, and the changes over it."""
        return self._below, self._over


class Changing(MutableMapping[K, V]):
    """Changes to a mapping that itself stays as it is; `done` returns the changed one."""

    def __init__(self, known: Mapping[K, V]) -> None:
        """Start with nothing changed."""
        self._known: Final = known
        below: Mapping[K, V] = known
        over: Mapping[K, V | None] = {}
        if isinstance(known, Layered):
            below, over = known.parts
        self._below: Final = below
        self._before: Final = over
        self._over: dict[K, V | None] | None = None
        self._count = len(known)

    @override
    def __getitem__(self, key: K) -> V:
        over = self._before if self._over is None else self._over
        if key in over:
            value = over[key]
            if value is None:
                raise KeyError(key)
            return value
        return self._below[key]

    @override
    def __setitem__(self, key: K, value: V) -> None:
        self._count += key not in self
        self._changes()[key] = value

    @override
    def __delitem__(self, key: K) -> None:
        if key not in self:
            raise KeyError(key)
        self._count -= 1
        self._changes()[key] = None

    @override
    def __len__(self) -> int:
        return self._count

    @override
    def __iter__(self) -> Iterator[K]:
        return iter(Layered(self._below, self._before if self._over is None else self._over, self._count))

    def done(self) -> Mapping[K, V]:
        """Return the mapping as it is now, the very one from before when nothing changed; call it once, at the end."""
        if self._over is None:
            return self._known
        if len(self._over) ** 2 > 2 * len(self._below):  # what is copied for each change then is the least over time
            return Layered(dict(self.items()), {}, self._count)
        return Layered(self._below, self._over, self._count)

    def _changes(self) -> dict[K, V | None]:
        if self._over is None:
            self._over = dict(self._before)
        return self._over
