"""The broker: queues, routes and bridges handoffs between AI assistants and operators."""
