"""A whole broker's figures, over its listener, read by Prometheus' own parsers."""

from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from server.bench.process import running_broker
from server.metrics.catalogue import BY_NAME
from tests.live import chat, rest

pytestmark = pytest.mark.integration

TOKEN = "a-token-for-prometheus-alone"


async def test_the_page_is_what_the_catalogue_says_and_counts_requests_by_their_route(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    async with running_broker(f'[metrics]\naccess = "token"\ntoken_file = "{tmp_path / "token"}"') as broker:
        await chat(broker)
        async with rest(broker) as client:
            assert (await client.get("/v1/conversations/c_nobody/messages")).status_code == 404
            assert (await client.get("/metrics")).json()["code"] == "bad_token", "an assistant's key opens nothing here"
        async with rest(broker, TOKEN) as client:
            assert (await client.get("/v1/sessions")).json()["code"] == "bad_token", "and its token nothing else"
            plain = await client.get("/metrics")
            open_metrics = await client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert plain.headers["content-type"].count("charset") == 1
    families = {family.name: family for family in text_string_to_metric_families(plain.text)}
    ours = {name: family for name, family in families.items() if name.startswith("desk_")}
    bare = {name for name in ours if not name.endswith("_created")}
    assert bare <= set(BY_NAME)
    assert not set(BY_NAME) - bare, "in the catalogue and not on the page"
    for name in bare:
        metric, family = BY_NAME[name], ours[name]
        assert (family.type, family.documentation) == (metric.kind, metric.meaning)
        assert all(set(sample.labels) - {"le"} == set(metric.labels) for sample in family.samples)
    assert {one.name for one in read_openmetrics(open_metrics.text) if one.name.startswith("desk_")} == bare
    requests = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in ours["desk_http_request_seconds"].samples
        if sample.name.endswith("_count")
    }
    assert requests["GET", "/v1/conversations/{conversation_id}/messages", "4xx"] == 1
    assert requests["POST", "/v1/conversations/{conversation_id}/handoffs", "2xx"] == 1, sorted(requests)
    assert "c_nobody" not in plain.text
    waiting = {tuple(sample.labels.values()): sample.value for sample in ours["desk_waiting"].samples}
    assert waiting["default", "default"] == 1
