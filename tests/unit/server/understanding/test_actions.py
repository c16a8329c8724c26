"""Next steps come from rules: from the problem, the wish, the topic and the facts."""

from pathlib import Path

import pytest

from server.config_rules import ConfigError
from server.understanding.actions import MOST_ACTIONS, read_actions
from server.understanding.custom_fields import read_fields

pytestmark = pytest.mark.unit


def labels(said: str, topic: str = "", **facts: str) -> list[str]:
    rules = read_actions()
    return [step.label for step in rules.recommend(rules.issues_in([said]), facts, topic)]


def test_the_problem_and_the_wish_lead_to_the_step_with_its_facts() -> None:
    steps = labels("I was charged twice!", amount="64.90", preferred_resolution="refund")
    assert steps[0] == "Refund 64.90"
    assert len(steps) <= MOST_ACTIONS
    assert (
        labels("the kettle arrived broken", order_id="A1", preferred_resolution="replacement")[0] == "Replace order A1"
    )


def test_a_step_whose_fact_is_not_known_is_not_offered() -> None:
    assert not [label for label in labels("I was charged twice!") if "Refund " in label or "{" in label]
    assert "Ask for the order number" in labels("my parcel never arrived")
    assert "Ask for the order number" not in labels("my parcel never arrived", order_id="A1")


def test_a_topic_alone_leads_to_a_step() -> None:
    assert "Ask why, offer to stay" in labels("hello", topic="account closure")


def test_there_is_always_something_to_say() -> None:
    assert labels("hello") == ["Say that you know it all"]


def test_every_step_that_ships_can_be_reached() -> None:
    rules = read_actions()
    facts = {"amount": "5", "order_id": "A", "account_number": "B", "phone": "1", "name": "Ann"}
    seen = {
        step.id
        for rule in rules._rules.action
        for issue in (rule.issues or ("",))
        for wish in (rule.wishes or ("",))
        for known in (facts, {})
        for step in rules.recommend((issue,), {**known, "preferred_resolution": wish}, "".join(rule.topics[:1]))
    }
    assert seen == {rule.id for rule in rules._rules.action}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[action]]\nid='a'\nlabel='A'\nissues=['none']", "names the issue"),
        ("[[action]]\nid='a'", "label"),
        ("[[action]]\nid='a'\nlabel='A'\nwhat=1", "what"),
        ("not toml", "not"),
    ],
)
def test_a_file_of_rules_that_is_wrong_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "actions.toml"
    path.write_text(text if says != "not" else "= =")
    with pytest.raises(ConfigError, match=says if says != "not" else "actions.toml"):
        read_actions(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_actions(tmp_path / "none.toml")


def test_own_fields_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "fields.toml"
    path.write_text("[[field]]\nname = 'meter'\npattern = 'meter ([0-9]{5,8})'\n")
    assert [field.name for field in read_fields(path)] == ["meter"]
    path.write_text("[[field]]\nname = 'meter'\npattern = '(a+)+'\n")
    with pytest.raises(ConfigError, match="for ever"):
        read_fields(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_fields(tmp_path / "none.toml")
