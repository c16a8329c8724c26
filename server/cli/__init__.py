"""The command line of the broker's administrator: `operator-server`."""
