"""Decide by a small language over facts: `tier == "gold" and order_value > 500`. Bounded, total, nothing is executed.

    rule       = both ("or" both)*
    both       = one ("and" one)*
    one        = "not" one | "(" rule ")" | value [operator value] | value "in" "[" literal ("," literal)* "]"
    operator   = "==" | "!=" | "<" | "<=" | ">" | ">=" | "contains"
    value      = name | literal
    literal    = number | "text" | 'text' | true | false

A fact that is not known makes its comparison false; a number is never compared with a text. There are no calls, no
attributes, no arithmetic and no loops, so a rule takes time in proportion to its length.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from server.core.errors import CallerError
from server.wire.views import Attribute as Value

LONGEST: Final = 500
"""Characters of a rule."""
MOST_TOKENS: Final = 120
DEEPEST: Final = 16
"""Parentheses and `not` within each other."""
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<text>"[^"]*"|'[^']*')|(?P<name>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|[<>()\[\],]))"""
)
_OPERATORS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "contains", "in"})
_WORDS: Final = frozenset({"and", "or", "not", "in", "contains", "true", "false"})


@dataclass(frozen=True, slots=True)
class Name:
    """A fact by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: Value


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values and what must hold between them; for `in`, several right ones."""

    left: Name | Literal
    operator: str
    right: tuple[Name | Literal, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of these hold."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of these holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    part: "Expression"


Expression = Compare | Both | Either | Not | Name | Literal
"""A parsed rule."""


def parse(rule: str) -> Expression:
    """Return a rule, parsed.

    Raises:
        CallerError: `bad_rule`, with the place and what would do there.
    """
    if len(rule) > LONGEST:
        raise _bad(rule, LONGEST, f"a rule has at most {LONGEST} characters")
    return _Parser(rule, _tokens(rule)).whole()


def holds(rule: Expression, facts: Mapping[str, Value]) -> bool:
    """Tell whether a rule holds for these facts."""
    match rule:
        case Either(parts):
            return any(holds(part, facts) for part in parts)
        case Both(parts):
            return all(holds(part, facts) for part in parts)
        case Not(part):
            return not holds(part, facts)
        case Compare(left, operator, right):
            return any(_compares(_value(left, facts), operator, _value(one, facts)) for one in right)
        case Name() | Literal():
            return _value(rule, facts) is True
        case _:
            assert_never(rule)


def names(rule: Expression) -> frozenset[str]:
    """Return the facts that a rule asks for."""
    match rule:
        case Either(parts) | Both(parts):
            return frozenset(name for part in parts for name in names(part))
        case Not(part):
            return names(part)
        case Compare(left, _, right):
            return frozenset(one.name for one in (left, *right) if isinstance(one, Name))
        case Name(name):
            return frozenset({name})
        case Literal():
            return frozenset()
        case _:
            assert_never(rule)


def _value(one: Name | Literal, facts: Mapping[str, Value]) -> Value | None:
    return facts.get(one.name) if isinstance(one, Name) else one.value


def _compares(left: Value | None, operator: str, right: Value | None) -> bool:
    """Compare two values of one kind; texts without regard to case."""
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        one, other = left.casefold(), right.casefold()
        return other in one if operator == "contains" else _ordered(one, operator, other)
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and _equal(left is right, operator)
    if isinstance(left, str) or isinstance(right, str):
        return operator == "!="
    return _ordered(float(left), operator, float(right))


def _equal(same: bool, operator: str) -> bool:  # noqa: FBT001 - the outcome of a comparison
    return same if operator in {"==", "in"} else operator == "!=" and not same


def _ordered(left: str | float, operator: str, right: str | float) -> bool:
    """Compare two texts or two numbers."""
    if operator in {"==", "!=", "in"}:
        return _equal(left == right, operator)
    if isinstance(left, str) or isinstance(right, str):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}.get(operator, False)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(rule: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while rule[at:].strip():
        hit = _TOKEN.match(rule, at)
        if hit is None:
            raise _bad(rule, at, "a name, a number, a text in quotes or an operator stands here")
        kind = str(hit.lastgroup)
        found.append(_Token(kind, hit.group(kind), hit.start(kind)))
        if len(found) > MOST_TOKENS:
            raise _bad(rule, at, f"a rule has at most {MOST_TOKENS} words and signs")
        at = hit.end()
    return found


class _Parser:
    """Reads the words of one rule from left to right."""

    def __init__(self, rule: str, tokens: list[_Token]) -> None:
        self._rule = rule
        self._tokens = tokens
        self._next = 0

    def whole(self) -> Expression:
        """Return the rule, which must end where the text ends."""
        found = self._either(0)
        if self._next < len(self._tokens):
            raise self._wrong("the end of the rule, or `and` or `or`, stands here")
        return found

    def _either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise self._wrong(f"parentheses go at most {DEEPEST} deep")
        if self._takes("not"):
            return Not(self._one(depth + 1))
        if self._takes("("):
            inner = self._either(depth + 1)
            if not self._takes(")"):
                raise self._wrong("a closing parenthesis stands here")
            return inner
        left = self._operand()
        operator = next((sign for sign in _OPERATORS if self._takes(sign)), "")
        if not operator:
            return left
        return Compare(left, operator, self._listed() if operator == "in" else (self._operand(),))

    def _listed(self) -> tuple[Name | Literal, ...]:
        if not self._takes("["):
            raise self._wrong('a list such as ["gold", "silver"] stands here')
        found = [self._operand()]
        while self._takes(","):
            found.append(self._operand())
        if not self._takes("]"):
            raise self._wrong("a closing bracket stands here")
        return tuple(found)

    def _operand(self) -> Name | Literal:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token is None or token.kind == "sign" or token.text in _WORDS - {"true", "false"}:
            raise self._wrong("a fact, a number or a text in quotes stands here")
        self._next += 1
        if token.kind == "number":
            return Literal(float(token.text))
        if token.kind == "text":
            return Literal(token.text[1:-1])
        return Literal(token.text == "true") if token.text in {"true", "false"} else Name(token.text)

    def _takes(self, text: str) -> bool:
        """Go on when this word or sign comes next."""
        here = self._tokens[self._next] if self._next < len(self._tokens) else None
        if here is None or here.kind == "text" or here.text != text:
            return False
        self._next += 1
        return True

    def _wrong(self, wanted: str) -> CallerError:
        at = self._tokens[self._next].at if self._next < len(self._tokens) else len(self._rule)
        return _bad(self._rule, at, wanted)


def _bad(rule: str, at: int, wanted: str) -> CallerError:
    shown = rule[at : at + 20] or "the end"
    return CallerError(
        "bad_rule",
        f"The rule cannot be read at character {at + 1} ({shown}): {wanted}.",
        'Write for example: tier == "gold" and order_value > 500',
    )
