"""Turn live speech into text: voice activity, an engine (local or an endpoint), and the process both run in."""
