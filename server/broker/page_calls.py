"""Let a visitor call from a web page: a voice conversation whose caller's leg is the page's microphone.

Before: somebody pressed the call button. After: the page's audio connects to the media worker by a one-time token; the
assistant's audio joins it, or the call goes to the queue.
"""

from server.broker.calls import Calls
from server.broker.page_conversations import PageConversations, principal_of
from server.broker.ports.visitors import Visitor
from server.core.errors import CallerError, NotFoundError
from server.wire.terms import Consent, LegRole, Medium
from server.wire.widget import CallView, Stage, TalkState


class PageCalls:
    """The calls of visitors, one at a time each."""

    def __init__(self, conversations: PageConversations, calls: Calls) -> None:
        """Work on these parts."""
        self._conversations = conversations
        self._calls = calls

    async def call(self, visitor: Visitor) -> CallView:
        """Begin a call: its conversation, and a one-time token for the page's audio; an earlier call of theirs ends.

        Raises:
            CallerError: `calls_off`.
        """
        if not self._conversations.policy.calls:
            raise CallerError("calls_off", "There are no calls from this page.", "Write instead.")
        await self.hang_up(visitor)
        principal = principal_of(visitor)
        made = await self._conversations.intake.create_conversation(
            principal, self._conversations.new(visitor, Medium.VOICE, "")
        )
        await self._conversations.remember(visitor, call_id=made.id)
        grant = await self._calls.admit(made.id, LegRole.CALLER, "stream")
        return CallView(media=grant, call=TalkState(stage=Stage.ASSISTANT, conversation_id=made.id))

    async def call_person(self, visitor: Visitor, consent: Consent) -> None:
        """Put the visitor's call into the queue; a call that waits or talks already stays as it is."""
        if not visitor.call_id:
            raise NotFoundError("no_call", "There is no call.", "Call first.")
        await self._conversations.call_for_person(
            visitor, visitor.call_id, "calls from the web page", asked=False, consent=consent
        )

    async def hang_up(self, visitor: Visitor) -> None:
        """End the visitor's call."""
        if visitor.call_id:
            await self._conversations.intake.end_conversation(principal_of(visitor), visitor.call_id)
