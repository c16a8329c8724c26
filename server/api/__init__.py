"""Speak HTTP and WebSocket: REST for assistants and administrators, event streams for assistants and consoles."""
