"""Say how a call ended, by what is known of it: the same for every engine. Pure."""

from server.broker.ports.sip import CallEnd


def call_end(status: int, *, answered: bool, inbound: bool, by_us: bool, timed_out: bool) -> CallEnd:
    """Return how a call ended that the other side closed with `status` (SIP, RFC 3261 section 21; 0: with none).

    `timed_out` is a call of ours that rang too long.
    """
    if answered:
        return CallEnd.NORMAL
    if timed_out or status in {408, 480}:
        return CallEnd.NO_ANSWER
    if status in {486, 600, 603}:
        return CallEnd.BUSY
    if by_us or inbound or status == 487:
        return CallEnd.CANCELLED
    return CallEnd.FAILED
