"""Choose what a scripted customer answers to an operator: by simple keyword rules, else the next sensible line.

Deterministic, so that a demo can be told in advance and a test can count on it.
"""

import re

from server.demo.content import Answer, Script

_WORDS = re.compile(r"[a-z0-9.'-]+")


class AnswerBook:
    """One customer's answers in one conversation; each keyword answer is given once, the others in turn."""

    def __init__(self, script: Script) -> None:
        """Take the answers of `script`; none has been given yet."""
        self._answers = script.answers
        self._given: set[Answer] = set()
        self._turn = -1

    def reply_to(self, text: str) -> Answer:
        """Return the answer to what the operator wrote; an empty text means words we could not read (speech)."""
        fitting = [answer for answer in self._answers if answer not in self._given and _score(answer, text)]
        if fitting:
            return self._give(max(fitting, key=lambda answer: _score(answer, text)))
        return self._give(self._next_plain() if text else self._next_in_order())

    @property
    def exhausted(self) -> bool:
        """Whether every answer has been given at least once."""
        return len(self._given) == len(self._answers)

    def _give(self, answer: Answer) -> Answer:
        self._given.add(answer)
        return answer

    def _next_plain(self) -> Answer:
        """Return the next answer without keywords: new ones first, then, without the greeting, round and round."""
        plain = [answer for answer in self._answers if not answer.words]
        fresh = [answer for answer in plain if answer not in self._given]
        if fresh:
            return fresh[0]
        later = plain[1:] or plain
        self._turn += 1
        return later[self._turn % len(later)]

    def _next_in_order(self) -> Answer:
        """Return the next answer not yet given, in the order of the script; when all are given, a plain one."""
        return next((answer for answer in self._answers if answer not in self._given), None) or self._next_plain()


def _score(answer: Answer, text: str) -> int:
    """Return how many of the answer's words occur in `text`, as words or as beginnings of words."""
    said = text.lower()
    spoken = _WORDS.findall(said)
    return sum(
        1 for word in answer.words if (word in said if " " in word else any(token.startswith(word) for token in spoken))
    )
