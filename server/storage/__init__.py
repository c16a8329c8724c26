"""Keep the truth in SQLite or PostgreSQL; the adapter of `server.broker.ports.store`."""
