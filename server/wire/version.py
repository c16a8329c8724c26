"""Say which protocol this build speaks, so that both ends can refuse a stranger politely."""

VERSION = "0.1.0"
"""Version of the product, semantic versioning."""

PROTOCOL = 1
"""Number of the console protocol; raised when an old console could misread a frame."""

OLDEST_PROTOCOL = 1
"""The oldest console protocol this broker still serves."""

USER_AGENT = f"operator-console/{VERSION}"
"""What every outgoing HTTP request says about itself."""
