"""The types that the broker and the console (and every other client) share; nothing else is shared."""
