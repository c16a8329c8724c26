"""Rules of topics: ten sentences make one, with the model or without it, and small talk is none of them."""

import pytest

from server.understanding.encoder import Encoder, load_encoder
from server.understanding.topics import Topic, Topics, shipped

pytestmark = pytest.mark.unit

OWN = Topic(
    name="solar_panels",
    queue="solar",
    examples=(
        "My solar panels produce nothing",
        "The inverter of the solar system shows an error",
        "When will the panels on my roof be installed?",
    ),
)


@pytest.fixture(scope="module", params=["words alone", "with MiniLM"])
def topics(request: pytest.FixtureRequest) -> Topics:
    encoder = load_encoder() if request.param == "with MiniLM" else None
    assert encoder is None or isinstance(encoder, Encoder), encoder
    return Topics((*shipped().topics, OWN), encoder)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("you have charged me twice for the same thing this month", "billing_dispute"),
        ("I would like to close my account please", "account_closure"),
        ("you will hear from my lawyer about this", "legal"),
        ("my solar panels have produced nothing since monday", "solar_panels"),
    ],
)
def test_a_turn_is_about_its_topic(topics: Topics, text: str, name: str) -> None:
    best = topics.find(text)[0]
    assert (best.name, best.sure) == (name, True), best
    assert best.example in topics.topic(name).examples


@pytest.mark.parametrize("text", ["good morning, how are you?", "what are your opening hours", "yes", "", "我要转人工"])
def test_small_talk_is_about_none(topics: Topics, text: str) -> None:
    assert not topics.find(text)[0].sure


def test_a_topic_that_is_replaced_goes_by_its_own_examples(topics: Topics) -> None:
    text = "why did you charge me a fee for this transfer"
    assert (topics.find(text)[0].name, topics.find(text)[0].sure) == ("billing_dispute", True)
    own = Topic(name="billing_dispute", examples=OWN.examples)
    replaced = Topics((*shipped().topics, own), None)
    assert not any(one.sure for one in replaced.find(text) if one.name == "billing_dispute")
    assert replaced.find("my solar panels produce nothing")[0].name == "billing_dispute"
