"""How queues ring, as the configuration says it: understood, or refused with the way out."""

from pathlib import Path

import pytest

from server.clock import SystemClock
from server.config import load, parse
from server.config_rules import ConfigError
from server.core.strategy import Routing, Strategy, Widening
from server.desk_rules import rules_of
from server.routers.http import HttpRouter
from server.routing_rules import routers_of
from server.wire.skills import Skill

pytestmark = pytest.mark.unit

HTTP = """
[queues.vip]
routing = "http"
router_url = "https://example.com/route"
router_secret_file = "router.secret"
"""


def routing(text: str, queue: str = "billing") -> Routing:
    return rules_of(parse(text)).of(queue).routing


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        routing(text)
    return str(raised.value)


def test_a_queue_rings_as_it_says_and_else_as_the_desk() -> None:
    text = """
[desk]
routing = "round_robin"
[queues.billing]
skills = ["billing 3", "German"]
widen = [{ after_seconds = 20, lower_by = 1 }, { after_seconds = 60, lower_by = 3 }]
[queues.vip]
routing = "last_operator"
"""
    skills = (Skill(name="billing", level=3), Skill(name="german", level=1))
    assert routing(text) == Routing(Strategy.ROUND_ROBIN, skills, (Widening(20, 1), Widening(60, 3)))
    assert routing(text, "vip") == Routing(Strategy.LAST_OPERATOR)
    assert routing(text, "not configured") == Routing(Strategy.ROUND_ROBIN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[queues.a]\nskills = ["billing ten"]', "'billing ten' is not understood"),
        ('[queues.a]\nskills = ["billing 0"]', 'Write a name and a level from 1 to 9, "billing 3"'),
        ("[queues.a]\nwiden = [{after_seconds=9,lower_by=2},{after_seconds=5,lower_by=3}]", "in order"),
        ("[queues.a]\nwiden = [{after_seconds=5,lower_by=2},{after_seconds=9,lower_by=2}]", "in order"),
        ('[queues.a]\nrouting = "http"', "router_url go together"),
        ('[queues.a]\nrouter_url = "https://example.com"', "router_url go together"),
    ],
)
def test_what_cannot_work_is_refused_with_the_way_out(text: str, told: str) -> None:
    assert told in refusal(text)
    assert "[queues.a]" in refusal(text)


def test_a_strategy_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="routing"):
        parse('[queues.a]\nrouting = "fastest"')


def test_a_rule_of_the_house_needs_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(HTTP.replace('router_secret_file = "router.secret"\n', ""))
    with pytest.raises(ConfigError, match="router_secret_file is missing"):
        routers_of(load(file, {}), SystemClock())
    file.write_text(HTTP)
    secret = tmp_path / "router.secret"
    secret.write_text("short")
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match="whsec_"):
        routers_of(load(file, {}), SystemClock())
    secret.write_text("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    assert isinstance(routers_of(load(file, {}), SystemClock())["vip"], HttpRouter)
    file.write_text(HTTP.replace("https://", "http://"))
    with pytest.raises(ConfigError, match="router_url"):
        routers_of(load(file, {}), SystemClock())
