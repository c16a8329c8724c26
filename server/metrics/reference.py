"""Write docs/metrics.md from the catalogue (scripts/write_docs.py); a test compares them."""

from typing import Final

from server.metrics.catalogue import table

_INTRODUCTION: Final = """\
# Figures for Prometheus

This page is written from `server/metrics/catalogue.py` by `make docs`.

The broker shows its figures at `GET /metrics`, in Prometheus' text format or, where the `Accept` header asks for it,
as OpenMetrics.

```toml
[metrics]
access = "token"            # "loopback" by default; "off": nothing is counted
token_file = "metrics.token"
```

- `loopback`: whoever asks from the broker's own machine. What a proxy passes on is refused, because it comes from
  anywhere; behind a proxy (`behind_proxy = true`) everything is, so use a token there.
- `token`: whoever sends it as `Authorization: Bearer …`. Make one: `openssl rand -hex 24 > metrics.token; chmod 600
  metrics.token`. It opens nothing else, and no other token opens this.

[examples/prometheus](../examples/prometheus/prometheus.yml) has a scrape job and [alert
rules](../examples/prometheus/desk-alerts.yml), [examples/grafana](../examples/grafana/desk.json) a dashboard to
import.

## What to know

- Counters begin at 0 with each start of the broker, those of audio and legs with each start of the media worker: use
  `rate` and `increase`.
- They count what was committed, once. Several brokers on one database each count what they did themselves (add them
  up); gauges are read from the database, so each broker shows the same (take the `max`).
- Labels are names from the configuration, or words of this page: no customer, operator, number, id or text. A queue
  or destination that is not configured is `other`, as are organisations beyond the first 200.
- If the database does not answer, the page comes without what only it knows; of a media worker that is silent for a
  second there is `desk_media_worker_up` 0.
- Media: a worker counts by itself and is asked when Prometheus asks. The round trip to a peer is not known there. The
  score (MOS) is the E-model of ITU-T G.107 for G.711 from loss and jitter at the worker, so at best the truth;
  carriers' formats that number no frames have none.
- Beside these there are `process_*` (memory, processor, files) of the broker, and `_created` beside each counter.

"""


def page() -> str:
    """Return the text of docs/metrics.md."""
    return _INTRODUCTION + table()
