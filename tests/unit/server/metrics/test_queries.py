"""Every query that ships, in the dashboard and in the alert rules, is PromQL and names metrics and labels there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from server.metrics.catalogue import METRICS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
OF_PROMETHEUS = {"instance", "job", "le"}
OTHERS = {"up": OF_PROMETHEUS, "process_resident_memory_bytes": OF_PROMETHEUS}


def series() -> dict[str, set[str]]:
    """Return every series there is, with its labels."""
    found = dict(OTHERS)
    for metric in METRICS:
        endings = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}[metric.kind]
        found |= {metric.name + ending: {*metric.labels, *OF_PROMETHEUS} for ending in endings}
    return found


def dashboard() -> dict:
    return json.loads((ROOT / "examples/grafana/desk.json").read_text())


def rules() -> list[dict]:
    text = yaml.safe_load((ROOT / "examples/prometheus/desk-alerts.yml").read_text())
    return [rule for group in text["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    return [query.replace("$__rate_interval", "1m") for query in shown] + [rule["expr"] for rule in rules()]


def selectors(node: object) -> Iterator[promql_parser.VectorSelector]:
    """Return the selectors anywhere below a node."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("vector_selector", "expr", "lhs", "rhs", "param"):
        if (below := getattr(node, name, None)) is not None:
            yield from selectors(below)
    for below in getattr(node, "args", None) or ():
        yield from selectors(below)


@pytest.mark.parametrize("query", queries())
def test_a_query_names_series_and_labels_there_are(query: str) -> None:
    known = series()
    found = list(selectors(promql_parser.parse(query)))
    assert len(found) == len(re.findall(r"\b(?:desk_|up\b|process_)\w*", query)), "a selector was overlooked"
    allowed = set[str]()
    for selector in found:
        assert selector.name in known
        assert {matcher.name for matcher in selector.matchers.matchers} <= known[selector.name]
        allowed |= known[selector.name]
    for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
        assert set(labels.split(", ")) <= allowed, query


def test_every_metric_is_on_the_dashboard() -> None:
    text = json.dumps(dashboard())
    missing = [metric.name for metric in METRICS if not re.search(rf"\b{metric.name}(_total|_bucket|_count)?\b", text)]
    assert missing == []


def test_the_dashboard_can_be_imported() -> None:
    found = dashboard()
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    assert {variable["name"] for variable in found["templating"]["list"]} == {"source", "organisation", "queue"}
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found["panels"])
    assert all(panel["targets"] for panel in found["panels"] if panel["type"] != "row")
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(found))) <= {
        "source",
        "organisation",
        "queue",
        "__rate_interval",
        "__all",
    }


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 10
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert shown <= set(re.findall(r"\w+", rule["expr"])) | OF_PROMETHEUS, "a label that the query does not leave"


def test_the_scrape_job_reads_the_rules_and_sends_the_token() -> None:
    scrape = yaml.safe_load((ROOT / "examples/prometheus/prometheus.yml").read_text())
    assert scrape["rule_files"] == ["desk-alerts.yml"]
    assert scrape["scrape_configs"][0]["authorization"]["type"] == "Bearer"
