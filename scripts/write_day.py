"""Write a realistic day for `operator-server policy rehearse`: calls and shifts of a support desk, the same each time.

Run it as `python scripts/write_day.py examples/day`.
"""

import csv
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from server.rehearsal.traffic import made_up

ZONE = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 11, 20, tzinfo=ZONE)
CALLS = 1_200


def write(folder: Path) -> None:
    """Write calls.csv and staff.csv: an early and a late shift, a gap at lunch, two people by night."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)  # noqa: S311 - a made-up day, the same each time
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("at", "queue", "medium", "patience_seconds", "talk_seconds"))
        for call in made_up(DAY, CALLS, chance, ("default", "billing")):
            at = call.at.isoformat(timespec="seconds")
            writer.writerow((at, call.queue, call.medium, call.patience_seconds, call.talk_seconds))
    with (folder / "staff.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "from", "to", "calls", "chats"))
        for kind, count, begin, end in (("early", 9, 7, 15), ("late", 8, 12, 20), ("night", 2, 0, 7)):
            for number in range(1, count + 1):
                stretch = (DAY + timedelta(hours=hour) for hour in (begin, end))
                writer.writerow((f"{kind} {number}", *(at.isoformat() for at in stretch), 1, 3))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
