"""The contract of a channel, proved on every adapter: a module in `channel_kits` with a `KIT` joins.

What is proved: who sends is checked, everything parses, nothing raises, keys stay, and each refusal means what it says.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.broker.ports.channels import (
    Edits,
    EventKind,
    Fetches,
    Incoming,
    Limits,
    Listens,
    RemoteFile,
    SendError,
    SendProblem,
    Types,
)
from server.core.errors import NotAuthenticatedError
from server.wire.version import USER_AGENT
from tests.contract.channel_kits.kit import Bench, Kit

pytestmark = pytest.mark.contract

FOLDER = Path(__file__).parent / "channel_kits"
KITS: dict[str, Kit] = {
    path.stem: importlib.import_module(f"tests.contract.channel_kits.{path.stem}").KIT
    for path in sorted(FOLDER.glob("*.py"))
    if path.stem != "kit" and "KIT = " in path.read_text(encoding="utf-8")
}
ON_HTTP = [name for name, kit in KITS.items() if kit.accepted is not None]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=sorted(KITS))
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(KITS[request.param])


def raw(kit: Kit, content: bytes) -> Incoming:
    return kit.sign(content, Bench(kit).clock.now())


# Who sends


def test_a_genuine_request_is_taken_where_the_platform_posts(bench: Bench) -> None:
    genuine = bench.signed(bench.kit.message("42", 1, "Hello"))
    if bench.kit.posts:
        bench.channel.verify(genuine, bench.clock.now())
        return
    with pytest.raises(NotAuthenticatedError):
        bench.channel.verify(genuine, bench.clock.now())


def test_a_request_without_its_proof_is_refused(bench: Bench) -> None:
    bare = Incoming(body=bench.kit.message("42", 1, "Hello"))
    with pytest.raises(NotAuthenticatedError):
        bench.channel.verify(bare, bench.clock.now())


def test_a_request_whose_proof_was_changed_is_refused(bench: Bench) -> None:
    genuine = bench.signed(bench.kit.message("42", 1, "Hello"))
    for name in genuine.headers:
        forged = dict(genuine.headers)
        forged[name] = forged[name][:-2] + ("AA" if not forged[name].endswith("AA") else "BB")
        changed = msgspec.structs.replace(genuine, headers=forged)
        if name in {"content-type", "user-agent", "host"}:
            continue
        with pytest.raises(NotAuthenticatedError):
            bench.channel.verify(changed, bench.clock.now())


@pytest.mark.parametrize("name", sorted(name for name, kit in KITS.items() if kit.covers_body))
def test_a_request_whose_body_was_changed_is_refused(name: str) -> None:
    bench = Bench(KITS[name])
    genuine = bench.signed(bench.kit.message("42", 1, "Hello"))
    with pytest.raises(NotAuthenticatedError):
        bench.channel.verify(msgspec.structs.replace(genuine, body=genuine.body + b" "), bench.clock.now())


@pytest.mark.parametrize("name", sorted(name for name, kit in KITS.items() if kit.covers_time))
def test_an_old_request_is_refused_where_time_is_signed(name: str) -> None:
    bench = Bench(KITS[name])
    genuine = bench.signed(bench.kit.message("42", 1, "Hello"))
    later = bench.clock.now().replace(year=bench.clock.now().year + 1)
    with pytest.raises(NotAuthenticatedError):
        bench.channel.verify(genuine, later)


# What it says


def test_a_customers_message_is_read_whole(bench: Bench) -> None:
    text = "Grüße 👩‍👩‍👧 مرحبا <script>alert(1)</script>"
    (event,) = bench.channel.parse(bench.signed(bench.kit.message("42", 7, text)))
    assert (event.kind, event.text) == (EventKind.MESSAGE, text)
    assert event.chat
    assert event.message_id
    assert event.sender_ids
    assert event.at is None or event.at.tzinfo is not None


def test_messages_of_one_chat_have_one_place_and_keys_of_their_own(bench: Bench) -> None:
    events = [
        event
        for number in (9, 10, 11)
        for event in bench.channel.parse(bench.signed(bench.kit.message("42", number, f"{number}")))
    ]
    assert len({event.chat for event in events}) == 1
    assert len({event.key for event in events}) == 3
    orders = [(len(event.order), event.order) for event in events]
    assert orders == sorted(orders), "numbers that go up sort by length, then by text"


def test_told_again_it_has_the_same_key(bench: Bench) -> None:
    for fixture in bench.kit.fixtures:
        first = [event.key for event in bench.channel.parse(bench.signed(fixture))]
        again = Bench(bench.kit).channel.parse(bench.signed(fixture))
        assert [event.key for event in again] == first
        assert all(first)
        assert len(set(first)) == len(first)


def test_every_fixture_is_understood_or_says_what_it_was(bench: Bench) -> None:
    for fixture in bench.kit.fixtures:
        events = bench.channel.parse(bench.signed(fixture))
        assert events
        for event in events:
            assert event.note or event.kind is not EventKind.UNKNOWN, fixture
            assert event.delivery is not None or event.kind is not EventKind.DELIVERY, fixture


@pytest.mark.parametrize("name", sorted(name for name, kit in KITS.items() if kit.batch is not None))
def test_one_broken_item_of_a_batch_loses_no_other(name: str) -> None:
    bench = Bench(KITS[name])
    assert bench.kit.batch is not None
    good = [bench.kit.message("42", number, f"text {number}") for number in (1, 2)]
    for broken in (b"null", b"[]", b'"?"', b"{}", b"17"):
        batch = bench.kit.batch([good[0], broken, good[1]])
        texts = [event.text for event in bench.channel.parse(bench.signed(batch)) if event.kind is EventKind.MESSAGE]
        assert texts == ["text 1", "text 2"], broken


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield from places(one, (*path, step))


@pytest.mark.parametrize("name", sorted(KITS))
@CALM
@given(data=st.data())
def test_what_is_broken_anywhere_raises_nothing(name: str, data: st.DataObject) -> None:
    kit = KITS[name]
    channel = Bench(kit).channel
    fixture = data.draw(st.sampled_from(list(kit.fixtures)))
    try:
        value = json.loads(fixture)
    except ValueError:
        value = data.draw(JSON)
    path = data.draw(st.sampled_from(list(places(value))))
    put = data.draw(JSON)
    if path:
        target = value
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = put
    else:
        value = put
    for event in channel.parse(raw(kit, json.dumps(value).encode())):
        assert event.key
        msgspec.json.encode(event)


@pytest.mark.parametrize("name", sorted(KITS))
@CALM
@given(content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_raise_nothing(name: str, content: bytes) -> None:
    for event in Bench(KITS[name]).channel.parse(raw(KITS[name], content)):
        assert event.key


def test_brackets_without_end_and_surrogates_raise_nothing(bench: Bench) -> None:
    for content in (b"[" * 100_000, b'{"a":' * 50_000, b'{"text": "\\ud800"}', b"\xff\xfe", b"", b"9" * 10_000):
        for event in bench.channel.parse(bench.signed(content)):
            msgspec.json.encode(event)


# What is sent


def test_limits_make_sense_and_are_kept_by_what_the_channel_can(bench: Bench) -> None:
    limits: Limits = bench.channel.limits
    assert limits.longest >= 20
    assert limits.per_account_a_second > 0
    assert isinstance(bench.channel, Edits) == limits.edits
    assert isinstance(bench.channel, Types) == limits.typing


@pytest.mark.parametrize("name", ON_HTTP)
async def test_a_part_is_one_call_below_the_configured_address(name: str) -> None:
    bench = Bench(KITS[name])
    assert bench.kit.accepted is not None
    assert await bench.channel.send(bench.kit.part) == bench.kit.accepted[1]
    (request,) = bench.wire.requests
    assert str(request.url).startswith(bench.kit.api_base)
    assert USER_AGENT in request.headers["user-agent"].split(" ")
    assert bench.kit.part.text.encode() in request.content or b"Good" in request.content


@pytest.mark.parametrize("name", ON_HTTP)
@pytest.mark.parametrize("case", ["problems", "weather"])
async def test_each_refusal_means_what_it_says(name: str, case: str) -> None:
    kit = KITS[name]
    weather: dict[str, tuple[Any, SendProblem]] = {
        "no way there": (httpx.ConnectError("refused"), SendProblem.RETRY),
        "no answer": (httpx.ReadTimeout("too long"), SendProblem.UNKNOWN_OUTCOME),
        "cut off": (httpx.RemoteProtocolError("reset"), SendProblem.UNKNOWN_OUTCOME),
        "broken": (httpx.Response(500), SendProblem.RETRY),
        "gateway gave up": (httpx.Response(504), SendProblem.UNKNOWN_OUTCOME),
        "too fast": (httpx.Response(429, headers={"retry-after": "3"}), SendProblem.RATE_LIMIT),
    }
    problems = {name: (one.answer, one.means) for name, one in kit.problems.items()}
    for why, (answer, means) in (problems if case == "problems" else weather).items():
        bench = Bench(kit)
        bench.wire.answers.append(answer)
        with pytest.raises(SendError) as refused:
            await bench.channel.send(kit.part)
        assert refused.value.problem is means, why
        assert refused.value.message.strip(), why
        if case == "problems" and kit.problems[why].retry_after_seconds is not None:
            assert refused.value.retry_after_seconds == kit.problems[why].retry_after_seconds, why


@pytest.mark.parametrize("name", ON_HTTP)
async def test_health_says_what_is_wrong_in_words(name: str) -> None:
    bench = Bench(KITS[name])
    bench.wire.answers.append(httpx.ConnectError("refused"))
    assert "cannot be reached" in await bench.channel.health()


@pytest.mark.parametrize("name", sorted(name for name, kit in KITS.items() if kit.files))
async def test_a_file_that_is_not_there_is_told_apart(name: str) -> None:
    bench = Bench(KITS[name])
    assert isinstance(bench.channel, Fetches)
    bench.wire.otherwise = lambda _request: httpx.Response(404, json={})
    with pytest.raises(SendError) as refused:
        async for _piece in bench.channel.fetch(RemoteFile(handle="https://platform.example/api/file")):
            pass
    assert refused.value.problem in {SendProblem.GONE, SendProblem.INVALID, SendProblem.AUTH}


@pytest.mark.parametrize("name", sorted(KITS))
async def test_it_can_be_closed_twice(name: str) -> None:
    bench = Bench(KITS[name])
    await bench.channel.close()
    await bench.channel.close()
    assert isinstance(bench.channel, Listens) or not hasattr(bench.channel, "listen")
