"""Ask what an order about people needs: the presence, the reason of a break, a supervisor's answer.

Before: an action about people was asked for. After: the order is on its way, or a dialog asks.
"""

from typing import Final

from operator_console.model.inputs import Noticed, Tone
from operator_console.model.select import operator_me
from operator_console.model.team import named, pending_words, reason_keys
from operator_console.tui.dialogs import Asker, Texts
from operator_console.tui.screens.dialog import Choice, Choose, Field, Form
from server.wire.commands import AskBreak, DecideBreak, HandOver, SetPresence
from server.wire.terms import OperatorId, Presence
from server.wire.views import OperatorView

_FALLBACK: Final = ("break", "lunch", "training")
"""Reasons where the broker names none."""
_TAKEN: Final = "dokqwj"
"""Keys of the duty dialog's own lines, and those that move its cursor."""


class Staff:
    """One method for each order about people."""

    def __init__(self, asker: Asker) -> None:
        """Take the app."""
        self._asker = asker

    def duty(self) -> None:
        """Ask for the presence; the key again switches between on and off duty."""
        model = self._asker.model
        me = operator_me(model)
        choices = [*self._switches(me), *self._reasons()]
        choices.append(Choice("w", "Away: write a reason", "away:"))
        if me is not None and me.presence is Presence.AVAILABLE and me.break_asked_at is None:
            choices.append(Choice("q", "Ask for a break", "ask", "a supervisor decides"))
        if me is not None and me.break_asked_at is not None:
            choices.append(Choice("q", "Take the request back", "withdraw", f"for a break: {me.break_reason}"))
        detail = "With a call or chat in hand it takes effect after it." if me is not None and me.sessions else ""
        self._asker.ask(Choose("Duty", choices, detail=detail), self._chosen)

    @staticmethod
    def _switches(me: OperatorView | None) -> list[Choice]:
        on = me is not None and me.presence is Presence.AVAILABLE
        toggle = ("Off duty", "offline") if on else ("On duty", "available")
        lines = [Choice("d", *toggle, "nothing rings" if on else "new sessions ring")]
        if me is not None and me.pending_presence is not None:
            lines.append(Choice("k", "Stay as you are", "keep", f"not {pending_words(me).removeprefix('then ')}"))
        if me is not None and me.presence is Presence.AWAY:
            lines.append(Choice("o", "Off duty", "offline", "nothing rings"))
        return lines

    def _reasons(self) -> list[Choice]:
        reasons = self._asker.model.policy.away_reasons or _FALLBACK
        keys = reason_keys(reasons, _TAKEN)
        return [Choice(key, f"Away: {one}", f"away:{one}") for key, one in zip(keys, reasons, strict=True)]

    def _chosen(self, answer: str) -> None:
        match answer:
            case "away:":
                form = Form("Away", [Field("text", "Reason", "", "for example: back at 14:00")], done="goes away")
                self._asker.ask(form, lambda texts: self._set_presence(Presence.AWAY, texts["text"]))
            case "keep":
                self.keep()
            case "ask":
                self.ask_break()
            case "withdraw":
                self._asker.order(AskBreak(id=self._asker.new_id(), on=False))
            case _:
                presence, _, reason = answer.partition(":")
                self._set_presence(Presence(presence), reason)

    def keep(self) -> None:
        """Cancel what was to take effect after the work in hand."""
        me = operator_me(self._asker.model)
        if me is not None:
            self._set_presence(me.presence, me.reason)

    def ask_break(self) -> None:
        """Ask for a break, with its reason."""
        reasons = self._asker.model.policy.away_reasons or _FALLBACK
        keys = reason_keys(reasons, "wj k")
        choices = [Choice(key, one, one) for key, one in zip(keys, reasons, strict=True)]
        choices.append(Choice("w", "write a reason", ""))
        self._asker.ask(Choose("Ask for a break", choices, detail="A supervisor grants or denies it."), self._asked)

    def _asked(self, reason: str) -> None:
        if reason:
            self._ask(reason)
            return
        form = Form("Ask for a break", [Field("text", "Reason", "", "for example: doctor, 20 minutes")], done="asks")
        self._asker.ask(form, lambda texts: self._ask(texts["text"]))

    def _ask(self, reason: str) -> None:
        self._asker.order(AskBreak(id=self._asker.new_id(), reason=reason))

    def decide(self, operator_id: OperatorId, *, granted: bool) -> None:
        """Grant a request for a break, or ask for the reason why not."""
        person = self._asker.model.operators.get(operator_id)
        if person is None or person.break_asked_at is None:
            self._asker.dispatch(Noticed("Nobody asks for a break there.", Tone.WARNING))
        elif granted:
            self._decide(operator_id, "", granted=True)
        else:
            form = Form(f"Deny {person.name} a break", [Field("text", "Why", "", "may be empty")], done="denies")
            self._asker.ask(form, lambda texts: self._denied(operator_id, texts))

    def _denied(self, operator_id: OperatorId, texts: Texts) -> None:
        self._decide(operator_id, texts["text"], granted=False)

    def _decide(self, operator_id: OperatorId, note: str, *, granted: bool) -> None:
        order = DecideBreak(id=self._asker.new_id(), operator_id=operator_id, granted=granted, note=note)
        self._asker.order(order)

    def decide_named(self, text: str, *, granted: bool) -> str | None:
        """Decide on the request of whom the text names, the rest of it being the note; or say why not."""
        found = named(self._asker.model, text)
        if isinstance(found, str):
            return found
        person, note = found
        if person.break_asked_at is None:
            return f"{person.name} asks for no break."
        self._decide(person.id, note, granted=granted)
        return None

    def hand_over(self) -> None:
        """Ask to whom and with which note, then hand all chats on."""
        fields = [
            Field("to", "To", "", "a colleague who is on duty; empty: the queue, at their place"),
            Field("text", "Note for whoever takes them"),
        ]
        self._asker.ask(Form("Hand all your chats over", fields, done="goes on, then hands over"), self._handed)

    def _handed(self, texts: Texts) -> None:
        reason = self.hand_over_named(f"{texts['to'] or '-'} {texts['text']}")
        if reason is not None:
            self._asker.dispatch(Noticed(reason, Tone.WARNING))

    def hand_over_named(self, text: str) -> str | None:
        """Hand all chats to whom the text names, or with `-` to the queue, the rest being the note; or say why not."""
        word, _, rest = text.strip().partition(" ")
        found = (None, rest.strip()) if word == "-" else named(self._asker.model, text)
        if isinstance(found, str):
            return found
        person, note = found
        self._asker.order(HandOver(id=self._asker.new_id(), to=person.id if person else None, note=note))
        return None

    def _set_presence(self, presence: Presence, reason: str) -> None:
        self._asker.order(SetPresence(id=self._asker.new_id(), presence=presence, reason=reason))
