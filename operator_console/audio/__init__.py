"""Let the operator hear and speak: a child process owns the devices and the media socket."""
