"""What an answer of the Graph API means, by its code."""

import json

import httpx
import pytest

from server.broker.ports.channels import SendError, SendProblem
from server.channels.graph import Graph, problem_of, wait_seconds
from server.channels.http import Http
from server.secret_files import SecretText
from tests.contract.channel_kits.kit import Wire

pytestmark = pytest.mark.unit

CODES = {
    SendProblem.RETRY: [1, 2, 1200, 131000, 131016, 133004],
    SendProblem.RATE_LIMIT: [4, 17, 32, 613, 80006, 80007, 130429, 131048, 131056],
    SendProblem.WINDOW: [131047],
    SendProblem.AUTH: [0, 3, 10, 190, 200, 230, 299, 368, 131005, 131031, 131042],
    SendProblem.BLOCKED: [551, 131050],
    SendProblem.GONE: [131026],
    SendProblem.INVALID: [100, 131008, 131009, 131051, 132000, 132001, 132015, 999_999],
}


def graph(*answers: httpx.Response | Exception) -> tuple[Graph, Wire]:
    wire = Wire()
    wire.answers.extend(answers)
    return Graph(Http("https://graph.example/v23.0", transport=wire), SecretText("the-token")), wire


@pytest.mark.parametrize(("problem", "code"), [(problem, code) for problem, codes in CODES.items() for code in codes])
def test_a_code_means_one_thing_whatever_the_message_says(problem: SendProblem, code: int) -> None:
    assert problem_of(code, 0) is problem


def test_a_subcode_is_more_exact_than_its_code() -> None:
    assert problem_of(10, 2018278) is SendProblem.WINDOW
    assert problem_of(10, 2534022) is SendProblem.WINDOW
    assert problem_of(551, 1545041) is SendProblem.BLOCKED
    assert problem_of(100, 2018001) is SendProblem.GONE
    assert problem_of(100, 33) is SendProblem.AUTH


def test_what_meta_calls_transient_is_tried_again_though_its_code_is_new() -> None:
    assert problem_of(987_654, 0) is SendProblem.INVALID
    assert problem_of(987_654, 0, transient=True) is SendProblem.RETRY


async def test_the_reason_names_the_code_and_meta_s_words_in_one_line_that_may_be_shown() -> None:
    error = {"message": "(#131047) Re-\u202eengagement\nmessage", "code": "131047", "error_data": {"details": "24 h"}}
    one, _ = graph(httpx.Response(400, json={"error": error}))
    with pytest.raises(SendError) as refused:
        await one.post("/1/messages", {})
    assert refused.value.problem is SendProblem.WINDOW
    assert refused.value.message == "Too long since the customer's last message (Meta 131047: 24 h)."
    del error["error_data"]
    one, _ = graph(httpx.Response(400, json={"error": error}))
    with pytest.raises(SendError) as refused:
        await one.post("/1/messages", {})
    assert "\n" not in refused.value.message
    assert "\u202e" not in refused.value.message


async def test_a_limit_says_when_it_ends() -> None:
    usage = {"100": [{"type": "messenger", "estimated_time_to_regain_access": 7}, {"type": "x"}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    one, _ = graph(httpx.Response(400, json={"error": {"code": 80006}}, headers=headers))
    with pytest.raises(SendError) as refused:
        await one.post("/1/messages", {})
    assert (refused.value.problem, refused.value.retry_after_seconds) == (SendProblem.RATE_LIMIT, 420.0)
    assert [wait_seconds({"x-business-use-case-usage": bad}) for bad in ("", "{", "[]", '{"1": [{}]}', '{"1": 2}')] == [
        None
    ] * 5


async def test_a_file_that_may_have_arrived_is_brought_again_because_nobody_sees_it() -> None:
    one, _ = graph(httpx.ReadTimeout("too long"))
    with pytest.raises(SendError) as refused:
        await one.upload("/1/media", {}, "file", ("a.png", b"1", "image/png"))
    assert refused.value.problem is SendProblem.RETRY
    one, _ = graph(httpx.ReadTimeout("too long"))
    with pytest.raises(SendError) as refused:
        await one.post("/1/messages", {})
    assert refused.value.problem is SendProblem.UNKNOWN_OUTCOME


async def test_the_token_goes_in_a_header_and_never_into_an_address() -> None:
    one, wire = graph()
    await one.get("/1", fields="id")
    await one.post("/1/messages", {"a": 1})
    for request in wire.requests:
        assert request.headers["authorization"] == "Bearer the-token"
        assert "the-token" not in str(request.url)
