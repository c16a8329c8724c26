"""Look back: words in old turns, contacts with all of theirs, and what is still to be done.

Before: `server.api` has authenticated who asks and that they may look. After: nothing is changed.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.records import Hit, Principal
from server.broker.ports.store import Unit
from server.core.contacts import meant
from server.core.errors import CallerError, NotFoundError
from server.core.search import Query, excerpt, read_query
from server.wire.history import ContactPage, ContactView, Found, SearchPage
from server.wire.terms import ContactId
from server.wire.views import Page

LONGEST_SKIP: Final = 2_000
"""How far the pages of what fits best go; newest first there is no end."""
_MOST_CONTACTS: Final = 50


class Past:
    """What people ask about what was."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts

    async def search(self, principal: Principal, words: str, *, newest: bool, after: str, limit: int) -> SearchPage:
        """Return a page of turns of the principal's organisation that hold `words`.

        Raises:
            CallerError: `query_empty`, `query_too_long`, `bad_page`.
        """
        query = read_query(words)
        place = _place(after, "n" if newest else "b")

        def look(unit: Unit) -> Sequence[Hit]:
            find = unit.search.newest if newest else unit.search.best
            return find(principal.organisation_id, query, place, limit + 1)

        hits = await self._parts.database.read(look)
        shown = hits[:limit]
        more = len(hits) > limit
        if newest:
            next_after = f"n{shown[-1].entry}" if more else ""
        else:
            next_after = f"b{place + limit}" if more and place + limit < LONGEST_SKIP else ""
        return SearchPage(found=tuple(_found(hit, query) for hit in shown), next_after=next_after)

    async def contact(self, principal: Principal, contact_id: ContactId) -> ContactPage:
        """Return all that is known of a contact.

        Raises:
            NotFoundError: `no_such_contact`.
        """
        page = await self._parts.database.read(lambda unit: unit.contacts.page(principal.organisation_id, contact_id))
        if page is None:
            raise NotFoundError("no_such_contact", "There is no such contact.", "Look one up by name or number.")
        return page

    async def look_up(self, principal: Principal, words: str) -> Sequence[ContactView]:
        """Return the contacts whose number, mail address, handle or id this is, or whose name begins like it."""
        return await self._parts.database.read(
            lambda unit: unit.contacts.look_up(principal.organisation_id, words, meant(words), _MOST_CONTACTS)
        )

    async def follow_ups(self, principal: Principal, after: str, limit: int) -> Page:
        """Return ended sessions with something still to be done, the one due first at the top.

        Raises:
            CallerError: `bad_page`.
        """
        return await self._parts.database.read(
            lambda unit: unit.views.follow_ups(principal.organisation_id, after, limit)
        )


def _found(hit: Hit, query: Query) -> Found:
    piece = excerpt(hit.text, query)
    return msgspec.structs.replace(hit.found, snippet=piece.text, marks=piece.marks)


def _place(after: str, kind: str) -> int:
    """Return where a page begins."""
    number = after.removeprefix(kind)
    if not after:
        return 0
    if number == after or not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise CallerError("bad_page", "`after` is not from a page.", "Pass on `next_after` of the last page.")
    return min(int(number), LONGEST_SKIP) if kind == "b" else int(number)
