"""Who comes when: everybody once a round, new numbers each round, and a short programme that shows both transports."""

import asyncio
import re

import httpx
import pytest

from server.demo import director
from server.demo.content import Content, load_content
from server.demo.director import QUIET_SECONDS, Director, shortened
from server.demo.stage import Casting, cast_round
from tests.unit.server.demo.desks import ScriptedDesk, json

pytestmark = pytest.mark.unit

CONTENT = load_content()


def test_everybody_comes_once_a_round_under_a_number_of_their_own() -> None:
    castings = cast_round(CONTENT, 1, seed=7)
    assert [one.script for one in castings] == list(CONTENT.scripts)
    assert len({one.handle for one in castings}) == len(castings)
    assert all(one.handle.startswith("+44 7700 900") for one in castings if one.script.is_call)


def test_the_same_seed_gives_the_same_numbers_and_the_next_round_others() -> None:
    def numbers(number: int, seed: int) -> list[str]:
        return [one.handle for one in cast_round(CONTENT, number, seed)]

    assert numbers(1, 7) == numbers(1, 7)
    assert numbers(1, 7) != numbers(2, 7)
    assert numbers(1, 7) != numbers(1, 8)


def test_ids_are_never_used_twice_even_with_the_same_seed() -> None:
    ids = [one.external_id for _ in range(3) for one in cast_round(CONTENT, 1, seed=7)]
    assert len(ids) == len(set(ids))


def test_a_callers_id_looks_like_the_carriers() -> None:
    calls = [one.external_id for one in cast_round(CONTENT, 1, seed=7) if one.script.is_call]
    assert all(re.fullmatch("CA[0-9a-f]{32}", one) for one in calls)


@pytest.mark.parametrize(("calls", "chats", "transports"), [(1, 1, ["twilio"]), (2, 2, ["twilio", "stream"])])
def test_a_short_programme_shows_both_transports(calls: int, chats: int, transports: list[str]) -> None:
    programme = shortened(cast_round(CONTENT, 1, seed=7), calls, chats, apart_seconds=2.0)
    assert [one.script.transport for one in programme if one.script.is_call] == transports
    assert sum(1 for one in programme if not one.script.is_call) == chats
    assert [one.script.arrives_seconds for one in programme] == [2.0 * n for n in range(calls + chats)]


def test_a_short_programme_never_promises_more_than_there_is() -> None:
    programme = shortened(cast_round(CONTENT, 1, seed=7), 50, 50, apart_seconds=1.0)
    assert len(programme) == len({one.external_id for one in programme}) == len(CONTENT.scripts)


def test_of_a_short_call_only_the_callers_last_turn_before_the_handoff_is_heard() -> None:
    for one in shortened(cast_round(CONTENT, 1, seed=7), 2, 0, apart_seconds=1.0):
        heard = [turn for turn in one.script.turns if turn.clip]
        assert heard == [turn for turn in one.script.turns if turn.who == "customer"][-1:]


async def test_after_a_quiet_minute_everybody_comes_again_under_new_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def nobody(_content: Content, number: int, _seed: int) -> tuple[Casting, ...]:
        rounds.append(number)
        return ()

    monkeypatch.setattr(director, "cast_round", nobody)
    desk = ScriptedDesk(json)
    playing = asyncio.ensure_future(Director(desk.stage(), CONTENT, 7).play_on())
    await desk.clock.advance(QUIET_SECONDS - 1)
    assert rounds == [1]
    await desk.clock.advance(2)
    assert rounds == [1, 2]
    playing.cancel()


async def test_a_performance_that_fails_is_told_and_the_others_go_on() -> None:
    desk = ScriptedDesk(lambda _: httpx.Response(404))
    stage = desk.stage()
    programme = shortened(cast_round(CONTENT, 1, seed=7), 0, 2, apart_seconds=1.0)
    playing = asyncio.ensure_future(Director(stage, CONTENT, 7).play(programme))
    await desk.clock.advance(5)
    await playing
    assert len(stage.findings.troubles) == 2
    assert all("404" in trouble for trouble in stage.findings.troubles)
