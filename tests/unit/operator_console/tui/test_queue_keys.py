"""The list by key: its order, which is remembered, its filters, and rows that flash or do not."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from operator_console.model.inputs import Tick
from operator_console.model.listing import Sort
from operator_console.model.select import visible_order
from operator_console.tui.lines import Role, plain
from operator_console.tui.view_file import KeptView, ViewFile
from operator_console.tui.widgets.queue import QueueList
from server.wire.terms import SessionState
from tests.fakes.console_data import ME, NOW, ago, busy, session, snapshot
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit
SIZE = (80, 24)


async def say(pilot: Pilot[int], line: str) -> None:
    await pilot.press("colon")
    await pilot.press(*["space" if letter == " " else letter for letter in line], "enter")
    await settled(pilot)


async def test_one_key_changes_the_order_and_the_next_start_knows_it(tmp_path: Path) -> None:
    app, desk, _ = build(state_dir=tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("O", "O")
        await settled(pilot)
        assert app.model.sort is Sort.MOOD
        assert "by mood" in str(app.desk_screen.queue.border_title)
    again, desk, _ = build(state_dir=tmp_path)
    async with again.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        assert again.model.sort is Sort.MOOD
        await say(pilot, "sort promise")
        assert again.model.sort is Sort.PROMISE


async def test_a_damaged_file_is_no_order_and_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "view.json").write_text('{"sort": "colour"}')
    assert ViewFile(tmp_path).read() == KeptView()
    (tmp_path / "file").write_text("")
    assert ViewFile(tmp_path / "file" / "below").write(KeptView()) != ""


async def test_the_filter_dialog_counts_and_its_choice_stands_in_the_find_box() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        mine = session(9, state=SessionState.OFFERED, offered_to=ME)
        await opened(pilot, desk, snapshot(mine, *busy()))
        await pilot.press("F", "o")
        await settled(pilot)
        assert app.desk_screen.find.value == "is:offered"
        assert visible_order(app.model) == (mine.id,)
        await pilot.press("F", "e")
        await settled(pilot)
        assert len(visible_order(app.model)) == len(app.model.order)
        assert not app.desk_screen.find.display
        await say(pilot, "filter mood:angry")
        assert [app.model.sessions[id_].number for id_ in visible_order(app.model)] == ["H-0042"]


@pytest.mark.parametrize("motion", [True, False])
async def test_a_new_row_flashes_and_says_so_in_a_word_or_only_says_so(motion: bool) -> None:
    app, desk, _ = build(motion=motion)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(session(1, promise_at=None), session(2, queued_at=NOW)))
        queue = app.desk_screen.query_one(QueueList)
        roles = set()
        for second in (4, 5):
            app.dispatch(Tick(NOW.replace(second=second)))
            app.flush()
            drawn = [queue.line_at(y) for y in range(queue.line_count())]
            fresh = next(line for line in drawn if "Caller 2" in plain(line[0]))
            assert "NEW" in plain(fresh[0])
            roles.add(fresh[1])
        assert roles == ({Role.FLASH, None} if motion else {None})


async def test_a_ring_counts_down_in_its_row_and_the_line_below_says_both_keys() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        ringing = session(1, state=SessionState.OFFERED, offered_to=ME, offer_expires_at=ago(-15))
        await opened(pilot, desk, snapshot(ringing))
        for second, left in ((4, "0:14"), (9, "0:09")):
            app.dispatch(Tick(NOW.replace(second=second)))
            app.flush()
            assert f"RINGS at you {left}" in plain(app.desk_screen.queue.line_at(0)[0])
        assert "a takes H-0001, D lets it pass: 0:09 left." in plain(app.desk_screen.footer.lines[0])
