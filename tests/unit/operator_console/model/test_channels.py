"""An account that is not well is on the screen in words, with what to do, until it is well."""

import msgspec
import pytest

from operator_console.model.channels import alarm_count, alarm_words
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.lines import plain
from operator_console.tui.widgets.status import header_line, notice_line
from server.wire.frames import Alarms, ChannelAlarm
from server.wire.terms import Role
from tests.fakes.console_data import ME, busy, snapshot

pytestmark = pytest.mark.unit

ILL = ChannelAlarm(name="shop", kind="telegram", problem="The token was refused.", paused=True)


def desk(role: Role = Role.OPERATOR) -> DeskModel:
    shown = snapshot(*busy())
    people = tuple(msgspec.structs.replace(one, role=role) if one.id == ME else one for one in shown.operators)
    return update(DeskModel(), msgspec.structs.replace(shown, operators=people))


def test_it_is_shown_with_words_and_what_to_do_and_goes_when_well() -> None:
    model = update(desk(), Alarms(channels=(ILL,)))
    words = "Channel shop (telegram): nothing is sent there, tell your supervisor. The token was refused."
    assert alarm_words(model) == words
    assert words in plain(notice_line(model, 160))
    assert "1 channel ill" in plain(header_line(model, 160, None))
    assert "operator-server channels check shop" in alarm_words(update(desk(Role.SUPERVISOR), Alarms(channels=(ILL,))))
    well = update(model, Alarms())
    assert (alarm_words(well), alarm_count(well)) == ("", "")
    assert "shop" not in plain(notice_line(well, 160))


def test_several_are_counted_and_one_that_still_sends_says_so() -> None:
    weak = msgspec.structs.replace(ILL, name="mail", kind="email", paused=False, problem="")
    model = update(desk(), Alarms(channels=(weak, ILL)))
    assert alarm_words(model).startswith("Channel mail (email): it may not work")
    assert alarm_words(model).endswith("And 1 more.")
    assert alarm_count(model) == "2 channels ill"


def test_what_a_platform_says_reaches_the_screen_harmless() -> None:
    evil = msgspec.structs.replace(ILL, problem="no\x1b[2J\u202e")
    assert "\x1b" not in alarm_words(update(desk(), Alarms(channels=(evil,))))


def test_a_new_picture_forgets_alarms_until_they_are_told_anew() -> None:
    model = update(desk(), Alarms(channels=(ILL,)))
    assert alarm_words(update(model, snapshot(*busy()))) == ""
