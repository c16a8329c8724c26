"""Know who visits the web pages that carry the widget: begin a visit, or take up an earlier one.

A visit's token is the only proof of it. A signed identity belongs to it: whoever comes with another one, or with none
any more, begins a new visit, so that a shared browser shows nobody another's chat.

Before: `server.api.widget` has checked where the page comes from. After: the page has its token and its state.
"""

import hashlib
from datetime import timedelta

import msgspec

from server.broker.identity import Identity, believed
from server.broker.page_conversations import CHANNEL, WidgetPolicy, external_id
from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.broker.ports.visitors import Visitor
from server.broker.talk_state import talk_state
from server.core.errors import CallerError, NotAuthenticatedError
from server.wire.widget import NewVisit, TalkState, VisitView

MOST_AT_ONCE = 500
"""How many old visitors one transaction drops."""


class Visits:
    """Who is there, and how their talk stands."""

    def __init__(self, parts: Parts, policy: WidgetPolicy) -> None:
        """Work on these parts."""
        self._parts = parts
        self._policy = policy
        self.clock = parts.clock

    async def come(self, token: str, body: NewVisit) -> VisitView:
        """Take up an earlier visit, or begin a new one and give it a token.

        Raises:
            NotAuthenticatedError: `bad_identity`, `identity_expired`.
            CallerError: `widget_unavailable`.
        """
        now = self._parts.clock.now()
        secret = self._policy.identity_secret
        if body.identity and secret is None:
            raise CallerError(
                "identities_off", "Signed identities are not configured.", "Set [widget] identity_secret_file."
            )
        identity = believed(body.identity, secret, now) if body.identity and secret is not None else None
        new_token = f"wv_{self._parts.new_secret()}"

        def work(unit: Unit) -> VisitView:
            key_id = self._key(unit)
            known = unit.visitors.by_token(_sha256(token)) if token else None
            if known is not None and known.key_id == key_id and _same_person(known, identity):
                visitor = _named(msgspec.structs.replace(known, seen_at=now, language=body.language), identity)
                unit.visitors.save(visitor)
                given = ""
            else:
                visitor = self._new(unit, key_id, new_token, identity, body.language)
                given = new_token
            chat = talk_state(unit, visitor.organisation_id, visitor.conversation_id, now)
            return VisitView(token=given, name=visitor.name, chat=chat)

        return await self._parts.database.run(work)

    def _new(self, unit: Unit, key_id: str, token: str, identity: Identity | None, language: str) -> Visitor:
        now = self._parts.clock.now()
        visitor = Visitor(
            id=self._parts.new_id("v"),
            organisation_id=self._policy.organisation_id,
            key_id=key_id,
            sha256=_sha256(token),
            created_at=now,
            seen_at=now,
            language=language,
        )
        visitor = _named(visitor, identity)
        if identity is not None:  # on another device, or after the page's storage was cleared
            open_one = unit.conversations.find(visitor.organisation_id, CHANNEL, external_id(visitor))
            if open_one is not None and open_one.key_id == key_id:
                visitor = msgspec.structs.replace(visitor, conversation_id=open_one.id)
        unit.visitors.insert(visitor)
        return visitor

    def _key(self, unit: Unit) -> str:
        """Return the key that owns the widget's conversations."""
        keys = unit.roster.credentials(self._policy.organisation_id, "assistant")
        wanted = self._policy.assistant
        named = [one for one in keys if one.revoked_at is None and (not wanted or one.name == wanted)]
        if len(named) != 1:
            raise CallerError(
                "widget_unavailable",
                "It is not clear which assistant's key owns the widget's conversations.",
                "Set [widget] assistant to the name of one key of `operator-server keys list`.",
            )
        return named[0].subject_id

    async def visitor(self, token: str) -> Visitor:
        """Return whose token it is.

        Raises:
            NotAuthenticatedError: `no_visit`.
        """
        found = await self._parts.database.read(lambda unit: unit.visitors.by_token(_sha256(token))) if token else None
        if found is None:
            raise NotAuthenticatedError("no_visit", "This visit is not known.", "Begin a new one.")
        return found

    async def again(self, visitor: Visitor) -> Visitor:
        """Return the visitor as they are now: they may have another chat or call."""
        found = await self._parts.database.read(lambda unit: unit.visitors.by_token(visitor.sha256))
        return found or visitor

    async def state(self, visitor: Visitor) -> tuple[TalkState, TalkState | None]:
        """Return how the visitor's chat and call stand now."""
        now = self._parts.clock.now()

        def work(unit: Unit) -> tuple[TalkState, TalkState | None]:
            chat = talk_state(unit, visitor.organisation_id, visitor.conversation_id, now)
            call = talk_state(unit, visitor.organisation_id, visitor.call_id, now) if visitor.call_id else None
            return chat, call

        return await self._parts.database.read(work)

    async def forget_old(self) -> int:
        """Drop visitors who did not come for long, a little at a time; return how many."""
        before = self._parts.clock.now() - timedelta(days=self._policy.keep_days)
        dropped = 0
        while count := await self._parts.database.run(lambda unit: unit.visitors.forget_before(before, MOST_AT_ONCE)):
            dropped += count
        return dropped


def _same_person(visitor: Visitor, identity: Identity | None) -> bool:
    """Tell whether a known browser still has the same person before it: a chat is never shown to the next one."""
    return visitor.user_id == (identity.user_id if identity is not None else "")


def _named(visitor: Visitor, identity: Identity | None) -> Visitor:
    if identity is None:
        return visitor
    return msgspec.structs.replace(visitor, user_id=identity.user_id, name=identity.name, email=identity.email)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
