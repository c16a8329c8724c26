"""Offer `operator-server report`: days in figures, as a table, a picture, JSON or CSV."""

import csv
import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from server.cli.rest import Administrator
from server.cli.talk import errors_told, say
from server.core.errors import CallerError
from server.wire.report import HandoffReport, HourReport, QueueReport, ReportView

_BARS: Final = " ▁▂▃▄▅▆▇█"
BAR: Final = 40
"""The longest bar of the picture, in cells."""


def report(  # noqa: PLR0917 - options of a command line
    begin: Annotated[str, typer.Option("--from", help="First day, 2026-11-21; today when left out.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, a part of it; the first one when left out.")] = "",
    queue: Annotated[str, typer.Option("--queue", help="Only this queue.")] = "",
    zone: Annotated[str, typer.Option("--zone", help="Whose days, such as Europe/Berlin; UTC when left out.")] = "UTC",
    handoffs: Annotated[bool, typer.Option("--handoffs", help="List every handoff with its timeline.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV: a row a queue; with --handoffs, a handoff.")
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")] = None,
) -> None:
    """Print service levels, waits, outcomes, triggers and what the AI resolved, by queue and by hour."""
    from server.config import load  # noqa: PLC0415 - the other commands start without it

    with errors_told():
        clock = zone_of(zone)
        since, until = stretch(begin, end, clock)
        query = {"since": since.isoformat(), "until": until.isoformat(), "queue": queue, "handoffs": handoffs or as_csv}
        path = f"/v1/report?{urlencode({name: str(value) for name, value in query.items()})}"
        answer = Administrator(load(config, os.environ)).ask("GET", path)
        found = msgspec.convert(cast("dict[str, object]", answer), ReportView)
        if as_json:
            print(msgspec.json.encode(found).decode())
        elif as_csv:
            write_csv(found.handoffs if handoffs else (*found.queues, found.total))
        else:
            print("\n".join(picture(found, clock)))
            for one in found.handoffs if handoffs else ():
                print(_timeline(one))


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        CallerError: `no_such_zone`.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CallerError("no_such_zone", f"There is no zone {name!r}.", "Write one such as Europe/Berlin.") from error


def stretch(begin: str, end: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants from the first day's midnight to the midnight after the last one, in UTC.

    Raises:
        CallerError: `bad_day`.
    """
    try:
        first = date.fromisoformat(begin) if begin else datetime.now(zone).date()  # noqa: TID251 - the person's own day
        last = date.fromisoformat(end) if end else first
        after = last + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise CallerError("bad_day", f"{begin or end!r} is no day.", "Write days as 2026-11-21.") from error
    return tuple(datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, after))  # type: ignore[return-value] # two days, two instants


def picture(found: ReportView, zone: ZoneInfo) -> list[str]:
    """Return the report for people: figures a queue, a bar an hour, outcomes and triggers, and the formulas."""
    began, ended = found.since.astimezone(zone), found.until.astimezone(zone)
    lines = [f"From {began:%Y-%m-%d %H:%M} up to {ended:%Y-%m-%d %H:%M} ({zone.key})", ""]
    lines += _table([*found.queues, found.total])
    talks = found.talks
    lines += [
        "",
        f"Conversations  {talks.begun} begun, {talks.still_open} of them neither ended nor handed over yet",
        f"AI alone       {talks.ended_with_assistant} ({_share(talks.share_with_assistant)})",
        f"Handed over    {talks.handed_over} ({_share(talks.share_handed_over)})",
        f"Occupancy      {_share(found.occupancy)}",
        f"Outcomes       {_counts(found.total.outcomes)}",
        f"Triggers       {_counts(found.total.triggers)}",
        "",
        *_hour_bars(found.hours, zone),
        "",
        *(f"  {text}" for text in found.formulas.values()),
    ]
    return lines


_COLUMNS: Final = (
    "queue",
    "asked",
    "answered",
    "left",
    "short",
    "expired",
    "SL",
    "SL2",
    "ASA",
    "left %",
    "AHT",
    "to a person",
)


def _table(queues: list[QueueReport]) -> list[str]:
    rows = [_COLUMNS, *(_figures(one) for one in queues)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _figures(one: QueueReport) -> tuple[str, ...]:
    longest = f"{_seconds(one.median_to_human_seconds)}, 90 % {_seconds(one.p90_to_human_seconds)}"
    return (
        one.name or "all",
        str(one.requested),
        str(one.answered),
        str(one.abandoned),
        str(one.abandoned_short),
        str(one.expired),
        _share(one.service_level),
        _share(one.service_level_2),
        _seconds(one.average_answer_seconds),
        _share(one.abandonment),
        _seconds(one.average_handle_seconds),
        longest if one.answered else "-",
    )


def _hour_bars(hours: tuple[HourReport, ...], zone: ZoneInfo) -> list[str]:
    """Return a bar for each hour in which anything was asked: answered full, left and expired light."""
    most = max((one.requested for one in hours), default=0)
    if not most:
        return ["Nobody asked for a person."]
    spark = "".join(_BARS[-(-one.requested * 8 // most)] for one in hours)
    lines = [f"Asked for a person, hour by hour: {spark}" if len(hours) <= 100 else "Asked for a person, hour by hour:"]
    for one in hours:
        if one.requested:
            full = round(one.answered * BAR / most)
            light = max(round(one.requested * BAR / most) - full, 0)
            at = one.at.astimezone(zone)
            lines.append(
                f"  {at:%m-%d %H:%M %z}  {'█' * full}{'░' * light}".ljust(24 + BAR)
                + f"{one.requested:>5}  SL {_share(one.service_level):>7}"
                + f"  ASA {_seconds(one.average_answer_seconds):>6}"
            )
    return [*lines, "  █ answered   ░ left, expired or open"]


def _timeline(one: HandoffReport) -> str:
    steps = "  ".join(f"{_seconds(at)} {what}" for what, at in one.timeline)
    rings = "" if one.attempts is None else f", {one.attempts} rings"
    return f"H-{one.number:04d}  {one.queue}, {one.trigger}, {one.outcome}{rings}: {steps}"


def write_csv(rows: tuple[QueueReport, ...] | tuple[HandoffReport, ...]) -> None:
    """Print rows as CSV, in which nothing is a formula."""
    if not rows:
        say("Nothing to report.")
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0].__struct_fields__), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in msgspec.structs.asdict(row).items()})


def _cell(value: object) -> object:
    if isinstance(value, dict | tuple):
        return msgspec.json.encode(value).decode()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"}:
        return f"'{value}"  # a spreadsheet would run it
    return value.isoformat() if isinstance(value, datetime) else value


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}:{rest:02}"
