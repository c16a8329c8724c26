"""Write the XML that a Plivo call needs: connect its audio to us, or hang up.

Source: https://www.plivo.com/docs/voice/xml/audiostream. `extraHeaders` takes letters and digits only, so the one-time
token travels as hex. With `keepCallAlive` what stands behind `<Stream>` is done once the socket is closed.
"""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from server.telephony.plivo import carried

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'
HANGUP: Final = f"{_DECLARATION}<Response><Hangup/></Response>"
"""The call ends."""


def stream(url: str, token: str) -> str:
    """Return XML that connects the call to the media socket at `url` (wss://); it ends when that closes."""
    return (
        f'{_DECLARATION}<Response><Stream bidirectional="true" keepCallAlive="true" audioTrack="inbound" '
        f'contentType="audio/x-mulaw;rate=8000" extraHeaders={quoteattr(f"token={carried(token)}")}>'
        f"{escape(url)}</Stream><Hangup/></Response>"
    )
