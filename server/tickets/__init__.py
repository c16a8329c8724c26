"""Keep tickets in other systems: one module a system, all behind `server.broker.ports.tickets`."""
