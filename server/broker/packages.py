"""Filter and bound the context package that an assistant sends with its request.

Before: a request came in. After: every text is safe to show, and no list is endless.
"""

from server.wire.sanitize import clean_line, clean_text
from server.wire.views import Context, Fact, Mood, NextAction

MAX_LIST = 40
"""The most facts, steps tried, actions or mood points kept of a context package."""


def clean_context(context: Context) -> Context:
    """Return the package with every text filtered and every list bounded."""
    return Context(
        summary=clean_text(context.summary, 2000, 12),
        mood=Mood(label=context.mood.label, score=context.mood.score, course=context.mood.course[-MAX_LIST:]),
        facts=tuple(
            Fact(name=clean_line(f.name, 40), value=clean_line(f.value, 200), turn=f.turn, confidence=f.confidence)
            for f in context.facts[:MAX_LIST]
        ),
        tried=tuple(clean_line(text, 200) for text in context.tried[:MAX_LIST]),
        next_actions=tuple(
            NextAction(label=clean_line(a.label, 80), say=clean_text(a.say, 2000, 20)) for a in context.next_actions[:9]
        ),
        topic=clean_line(context.topic, 60),
        language=clean_line(context.language, 20),
    )
