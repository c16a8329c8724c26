"""Know the number of the last event seen, so that a console resumes where it was and notices a hole."""

import msgspec

from server.wire.frames import Batch, Hello, Snapshot
from server.wire.version import PROTOCOL


class Sync(msgspec.Struct):
    """Where this console stands in the broker's numbered events; `boot` names the broker's numbering."""

    seq: int = 0
    boot: str = ""

    def hello(self, client: str, *, view_only: bool, brief: bool) -> Hello:
        """Return the frame that opens a connection or asks again: a resume when there is something to resume from."""
        return Hello(protocol=PROTOCOL, client=client, after=self.seq, boot=self.boot, view_only=view_only, brief=brief)

    def forget(self) -> None:
        """Start over: the next hello asks for a snapshot."""
        self.seq, self.boot = 0, ""

    def restart(self, snapshot: Snapshot) -> None:
        """Stand where the snapshot stands."""
        self.seq, self.boot = snapshot.seq, snapshot.boot

    def misses(self, batch: Batch) -> bool:
        """Tell whether events between the last one seen and this batch are missing."""
        return not self.boot or batch.first > self.seq + 1

    def advance(self, batch: Batch) -> Batch | None:
        """Return what of the batch is new and stand at its end; None when nothing is. Call only without a hole."""
        if batch.last <= self.seq:
            return None
        before, self.seq = self.seq, batch.last
        if batch.first > before:
            return batch
        events = tuple(event for event in batch.events if event.seq > before)
        return msgspec.structs.replace(batch, first=before + 1, events=events)
