"""Understand what is said: the guard, topics, mood, triggers, summary and facts, without any service."""
