"""Write the TwiML that a call needs: connect its audio to us, or hang up.

Source: https://www.twilio.com/docs/voice/twiml/stream. Addresses take no query, so the one-time token is a parameter.
"""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE: Final = "text/xml; charset=utf-8"
"""What the webhook's answer says about itself."""
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def connect_stream(url: str, token: str) -> str:
    """Return TwiML that connects the call to the media socket at `url` (wss://) and hangs up when that closes."""
    return (
        f"{_DECLARATION}<Response><Connect><Stream url={quoteattr(url)}>"
        f'<Parameter name="token" value={quoteattr(token)}/>'
        "</Stream></Connect><Hangup/></Response>"
    )


def hangup(say: str = "") -> str:
    """Return TwiML that ends the call, after saying a sentence if one is given."""
    spoken = f"<Say>{escape(say)}</Say>" if say else ""
    return f"{_DECLARATION}<Response>{spoken}<Hangup/></Response>"
