"""The demo's desk is configured as the broker wants it, and told from what the broker leaves beside its data."""

from pathlib import Path

import msgspec
import pytest

from server import config
from server.clock import ManualClock
from server.demo import desk
from server.demo.run import summary
from server.demo.twilio_leg import Carrier
from server.wire.terms import Medium, OperatorId, Outcome, SessionState
from tests.unit.server.demo.test_case import NOW, SESSION

pytestmark = pytest.mark.unit

CARRIER = Carrier(account_sid="AC" + "0" * 32, auth_token="s3cret")


def test_the_broker_accepts_the_demos_configuration(tmp_path: Path) -> None:
    path = desk.DemoDesk(tmp_path, ManualClock())._write_config(CARRIER)
    loaded = config.load(path, {config.TWILIO_TOKEN_VARIABLE: CARRIER.auth_token})
    assert loaded.data_dir == tmp_path.resolve() / "data"
    assert loaded.settings.server.host == loaded.settings.media.host == "127.0.0.1"
    assert loaded.settings.twilio.account_sid == CARRIER.account_sid
    assert loaded.settings.server.port != loaded.settings.media.port


def test_free_ports_are_different_ones() -> None:
    assert len(set(desk.free_ports(4))) == 4


def test_an_address_that_is_not_written_yet_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broker.json"
    assert desk._url_in(path) == ""
    path.write_text('{"url": "http')
    assert desk._url_in(path) == ""
    path.write_text('{"url": "http://127.0.0.1:1", "pid": 7}')
    assert desk._url_in(path) == "http://127.0.0.1:1"


def test_the_farewell_counts_what_a_person_handled_and_what_went_back() -> None:
    talked = {"active_at": NOW, "operator_id": OperatorId("o")}
    sessions = [
        msgspec.structs.replace(SESSION, state=SessionState.ACTIVE, **talked),
        msgspec.structs.replace(SESSION, medium=Medium.VOICE, outcome=Outcome.RETURNED, **talked),
        msgspec.structs.replace(SESSION, medium=Medium.VOICE, outcome=Outcome.ENDED, **talked),
        msgspec.structs.replace(SESSION, outcome=Outcome.ABANDONED),
    ]
    first, *lines = summary(sessions)
    assert first == "You handled 2 call(s) and 1 chat(s); 1 went back to the assistant."
    assert [line.split()[-1] for line in lines] == ["active", "returned", "ended", "abandoned"]
