"""The wire formats of carriers and AI platforms: pure codecs, signatures, and the answers their webhooks want."""
