"""Translators: a language model behind any OpenAI-compatible endpoint, or a book of phrases."""
