"""Write the verbs that a jambonz call needs: connect its audio to us, send it on, or hang up.

Source: https://docs.jambonz.org/verbs/overview: a webhook is answered with a list of verbs, done one after the other.
What we play is heard only with `streaming`: without it jambonz expects whole files.
"""

from typing import Final

Verb = dict[str, object]
HANGUP: Final[list[Verb]] = [{"verb": "hangup"}]
"""The call ends."""


def listen(url: str, token: str, rate: int) -> list[Verb]:
    """Return verbs that connect the call to the media socket at `url` at `rate` Hz; it ends when that closes."""
    return [
        {
            "verb": "listen",
            "url": url,
            "mixType": "mono",
            "sampleRate": rate,
            "passDtmf": True,
            "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": rate},
            "metadata": {"token": token},
        },
        *HANGUP,
    ]


def dial(to: str, caller_number: str, ring_seconds: int, action_url: str) -> list[Verb]:
    """Return verbs that send the call on; how it went is asked of `action_url`, which says what is done next."""
    return [
        {
            "verb": "dial",
            "target": [target(to)],
            "callerId": caller_number,
            "answerOnBridge": True,
            "timeout": ring_seconds,
            "actionHook": action_url,
        }
    ]


def target(to: str) -> Verb:
    """Return whom to dial: a number, or a SIP address."""
    if to.startswith(("sip:", "sips:")):
        return {"type": "sip", "sipUri": to}
    return {"type": "phone", "number": to}
