"""Give each task of the desk its own screen or dialog."""
