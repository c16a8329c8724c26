"""Carry notices to people outside: one module a way of sending, all behind `server.broker.ports.notices`."""
