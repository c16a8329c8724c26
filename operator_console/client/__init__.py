"""Talk with the broker over its public API: REST for questions, one WebSocket for events and orders."""
