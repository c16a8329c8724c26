"""Ticket systems in the configuration: made, or refused with the way out."""

from pathlib import Path

import pytest

from server.clock import SystemClock
from server.config import load
from server.config_rules import ConfigError
from server.desk_rules import rules_of
from server.ticket_systems import tickets_of
from server.tickets.jira import Jira
from server.tickets.servicenow import ServiceNow
from server.tickets.webhook import WebhookTickets
from server.tickets.zendesk import Zendesk

pytestmark = pytest.mark.unit

SECRET = 'secret_file = "secret"\n'


def written(folder: Path, text: str) -> Path:
    secret = folder / "secret"
    secret.write_text("whsec_" + "A" * 44)
    secret.chmod(0o600)
    path = folder / "config.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('kind = "zendesk"\napi_base = "https://a.example"', "secret_file is missing"),
        (f'kind = "zendesk"\n{SECRET}', "write https://host"),
        (f'kind = "jira"\napi_base = "http://a.example"\nproject = "OPS"\n{SECRET}', "write https://host"),
        (f'kind = "jira"\napi_base = "https://a.example"\n{SECRET}', "project is missing"),
        (f'kind = "jira"\napi_base = "https://a.example"\nproject = "o p"\n{SECRET}', "project"),
        (f'kind = "servicenow"\napi_base = "https://u:p@a.example"\n{SECRET}', "write https://host"),
        (f'kind = "servicenow"\napi_base = "https://a.example"\ntable = "x;y"\n{SECRET}', "table"),
        (f'kind = "webhook"\napi_base = "http://a.example"\n{SECRET}', "write https://"),
        (f'kind = "salesforce"\n{SECRET}', "salesforce"),
        (
            f'kind = "zendesk"\napi_bas = "https://a.example"\n{SECRET}',
            "Did you mean api_base",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        tickets_of(load(written(tmp_path, f"[tickets.support]\n{text}\n"), {}), SystemClock())


def test_a_queue_that_names_no_system_that_is_there_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, '[queues.billing]\nticket = { system = "nowhere" }\n')
    with pytest.raises(ConfigError, match=r"Write a section \[tickets.nowhere\]"):
        tickets_of(load(path, {}), SystemClock())


async def test_each_kind_is_made_and_its_queue_knows_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\n".join(
            f'[tickets.{kind}]\nkind = "{kind}"\napi_base = "https://a.example"\n{SECRET}project = "OPS"\nsolve = true'
            for kind in ("zendesk", "jira", "servicenow", "webhook")
        )
        + '\n[queues.billing]\nticket = { system = "jira", at = "wrap_up" }\n',
    )
    config = load(path, {})
    made = tickets_of(config, SystemClock())
    kinds = {name: type(one.system) for name, one in made.items()}
    assert kinds == {"zendesk": Zendesk, "jira": Jira, "servicenow": ServiceNow, "webhook": WebhookTickets}
    assert all(one.solve and one.reopen_days == 14 for one in made.values())
    rules = rules_of(config.settings)
    assert (rules.of("billing").ticket_system, rules.of("billing").ticket_at_handoff) == ("jira", False)
    assert (rules.of("default").ticket_system, rules.of("default").ticket_at_handoff) == ("", True)
    for one in made.values():
        await one.system.close()
