"""Say what is configured of each kind of channel: one file a kind, listed in `kinds`."""
