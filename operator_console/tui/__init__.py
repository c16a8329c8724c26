"""Draw the desk in a terminal with Textual and turn keys into commands."""
