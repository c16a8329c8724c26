"""Bring a database from one schema to the next; `server.storage.migrate` runs these."""
