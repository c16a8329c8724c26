"""The card's keys: next steps by number, facts into the clipboard, and whose words they are."""

import base64

import msgspec
import pytest

from operator_console.model.state import DeskModel
from operator_console.tui.lines import plain
from operator_console.tui.widgets.card import MOST_LINES, card_lines
from server.wire.commands import Say
from server.wire.terms import Source
from server.wire.views import Context, Fact, NextAction, SessionView
from tests.fakes.console_data import busy, live_chat, snapshot
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CHAT = snapshot(*busy(mine=(live_chat(),)))


def text_of(session: SessionView) -> str:
    return "\n".join(plain(line).rstrip() for line in card_lines(DeskModel(), session, 100, MOST_LINES))


@pytest.mark.parametrize("width", range(30, 110))
def test_no_line_parts_a_key_from_its_step_or_a_fact_from_its_name(width: int) -> None:
    lines = [plain(line).rstrip() for line in card_lines(DeskModel(), live_chat(), width, MOST_LINES)]
    assert not [line for line in lines if line.endswith((" 4", " 5", " 6", " e-mail", " amount"))]
    assert "\ue000" not in "".join(lines)


async def test_a_number_key_writes_its_step_and_sends_nothing() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("5")
        assert app.desk_screen.composer.value == "I have just refunded 49.00 EUR to your card."
        await pilot.press("6")
        assert app.desk_screen.composer.value.startswith("The receipt")
        assert not [order for order in desk.orders if isinstance(order, Say)]
        await pilot.press("i", *" ok", "escape", "5")
        await settled(pilot)
        assert app.desk_screen.composer.value.endswith(" ok"), "never over the operator's own text"


async def test_a_step_that_is_not_there_or_has_no_words_says_so() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("9")
        await settled(pilot)
        assert "no next step 6" in plain(app.desk_screen.footer.lines[0])
        await pilot.press("4")
        await settled(pilot)
        assert "do this in your own system" in plain(app.desk_screen.footer.lines[0])
        assert app.desk_screen.composer.value == ""


async def test_facts_go_to_the_clipboard_one_after_the_other_or_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        written: list[str] = []
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        for value in ("88120", "49.00 EUR", "j•••@example.com", "88120"):
            written.clear()
            await pilot.press("y")
            assert f"\x1b]52;c;{base64.b64encode(value.encode()).decode()}\x07" in "".join(written)
        await pilot.press("Y")
        assert app.clipboard.splitlines()[:2] == ["order: 88120", "amount: 49.00 EUR"]


def test_the_card_says_whose_words_they_are() -> None:
    context = Context(
        summary="They were charged twice.",
        summary_source=Source.BUILT_IN,
        summary_status="model_timeout",
        facts=(Fact(name="order", value="1"), Fact(name="amount", value="5", source=Source.BUILT_IN)),
        next_actions=(NextAction(label="Refund", source=Source.MODEL), NextAction(label="Ask", source=Source.MODEL)),
    )
    chat = msgspec.structs.replace(live_chat(), context=context)
    shown = text_of(chat)
    assert "They were charged twice. (built-in, model timeout)" in shown
    assert "order 1 · built-in: amount 5" in shown
    assert "model: 4 Refund · 5 Ask" in shown
    own = msgspec.structs.replace(chat, context=Context(summary="Mine.", summary_status="ok"))
    assert "Mine." in text_of(own)
    assert "Mine. (" not in text_of(own)
    none = msgspec.structs.replace(chat, context=Context(summary_status="insufficient_conversation"))
    assert "none (insufficient conversation)" in text_of(none)


def test_a_full_card_fits_twelve_lines() -> None:
    facts = tuple(Fact(name=f"fact{n}", value="x" * 30, source=Source.BUILT_IN) for n in range(12))
    steps = tuple(NextAction(label=f"Step number {n}", source=Source.BUILT_IN) for n in range(9))
    context = Context(summary="word " * 60, facts=facts, tried=("a", "b", "c"), next_actions=steps)
    lines = text_of(msgspec.structs.replace(live_chat(), context=context)).splitlines()
    assert len(lines) <= MOST_LINES
    assert {line[:8].strip() for line in lines} >= {"Why", "Summary", "Facts", "Next"}
