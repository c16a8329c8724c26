"""Offer everything the screen does as commands too: data on stdout, talk on stderr, documented exit codes."""
