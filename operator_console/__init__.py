"""The operator's terminal: see who waits and why, take them, talk, and give them back."""
