"""The query language: reads a SELECT into conditions, order and page, and refuses as QuickBooks does."""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qbo_sandbox.accounting.refusals import Refusal

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:\\.|[^'\\])*')
    | (?P<op><=|>=|!=|=|<|>)
    | (?P<sign>[(),*])
    | (?P<word>[A-Za-z_][\w.]*)
    | (?P<bare>[^\s'(),*<>=]+)
    )""",
    re.VERBOSE,
)
OPERATORS = ("=", "!=", "<", ">", "<=", ">=")  # "!=" is not documented, but answered
MOST, USUAL = 1000, 100


class Token(NamedTuple):
    kind: str
    text: str
    where: str


class Condition(NamedTuple):
    field: str
    operator: str
    value: Any


@dataclass
class Select:
    entity: str
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    most: int = USUAL


def parse(text: str) -> Select:
    """The SELECT in a text; 4000 when it is none, 4001 for a page that cannot be."""
    return _Reader(_tokens(text)).select()


def _tokens(text: str) -> list[Token]:
    tokens, place = [], 0
    text = text.strip().rstrip(";")
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.end() == place:
            bad = text[place:].strip()
            raise _lexical(bad[0], _where(text, text.index(bad[0], place)))
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match.group(kind), _where(text, match.start(kind))))
        place = match.end()
    return [*tokens, Token("end", "<EOF>", _where(text, len(text)))]


def _where(text: str, place: int) -> str:
    lines = text[:place].split("\n")
    return f"at line {len(lines)}, column {len(lines[-1]) + 1}."


def _lexical(sign: str, where: str) -> Refusal:
    return Refusal(
        "4000", f'QueryParserError: Lexical error {where}  Encountered: "{sign}" ({ord(sign)})'
    )


def _expected(token: Token) -> Refusal:
    shown = {
        "word": f' <IDENTIFIER> "{token.text} "',
        "string": f' <STRING> "{token.text} "',
        "end": "<EOF>",
    }
    sort = shown.get(token.kind, f' "{token.text}" "{token.text} "')
    return Refusal(
        "4000", f'QueryParserError: Encountered "{sort}" {token.where}\nWas expecting one of:\n    '
    )


def invalid(text: str) -> Refusal:
    return Refusal("4001", f"QueryValidationError: {text}")


class _Reader:
    """Walks the tokens once."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place = tokens, 0

    def select(self) -> Select:
        self._word("select")
        count = self._projection()
        self._word("from")
        found = Select(self._take("word").text, count)
        self._where(found)
        self._tail(found)
        if self._next().kind != "end":
            raise _expected(self._next())
        return found

    def _next(self) -> Token:
        return self.tokens[self.place]

    def _take(self, *kinds: str) -> Token:
        token = self._next()
        if token.kind == "word" and token.text.lower() == "null":
            raise Refusal("4000", _null(token))
        if token.kind not in kinds:
            raise _expected(token)
        self.place += 1
        return token

    def _is(self, *words: str) -> bool:
        token = self._next()
        if token.kind not in ("word", "sign") or token.text.lower() not in words:
            return False
        self.place += 1
        return True

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise _expected(self._next())

    def _projection(self) -> bool:
        """Whether it counts; which fields are named makes no difference."""
        counted = self._next().text.lower() == "count" and self.tokens[self.place + 1].text == "("
        if counted:
            self._take("word")
            for sign in "(*)":
                self._word(sign)
            return True
        while True:
            if not self._is("*") and self._take("word").text.endswith("."):
                self._word("*")
            if not self._is(","):
                return False

    def _where(self, found: Select) -> None:
        if not self._is("where"):
            return
        found.conditions.append(self._condition())
        while self._is("and"):
            found.conditions.append(self._condition())

    def _condition(self) -> Condition:
        bracket = self._is("(")
        name = self._take("word").text
        if self._is("in"):
            condition = Condition(name, "in", self._values())
        elif self._is("like"):
            condition = Condition(name, "like", self._value())
        else:
            operator = self._take("op").text
            if operator not in OPERATORS:
                raise _expected(self.tokens[self.place - 1])
            condition = Condition(name, operator, self._value())
        if bracket:
            self._word(")")
        return condition

    def _values(self) -> list[str]:
        self._word("(")
        values = [self._value()]
        while self._is(","):
            values.append(self._value())
        self._word(")")
        return values

    def _value(self) -> str:
        token = self._take("string", "word", "bare")
        if token.kind != "string":
            return token.text
        return re.sub(r"\\(.)", r"\1", token.text[1:-1])

    def _tail(self, found: Select) -> None:
        while True:
            if self._is("orderby") or (self._is("order") and self._is("by")):
                found.order.append(self._ordered())
                while self._is(","):
                    found.order.append(self._ordered())
            elif self._is("startposition"):
                found.start = self._whole()
            elif self._is("maxresults"):
                found.most = self._whole(MOST)
            else:
                return

    def _ordered(self) -> tuple[str, bool]:
        name = self._take("word").text
        falling = self._is("desc")
        if not falling:
            self._is("asc")
        return name, falling

    def _whole(self, most: int | None = None) -> int:
        token = self._take("bare")
        if not token.text.lstrip("-").isdigit():
            raise _expected(token)
        if int(token.text) < 1:
            raise invalid(f"value {token.text} is too small. Min allowed value is 1")
        if most and int(token.text) > most:
            raise invalid(f"value {token.text} is too large. Max allowed value is {most}")
        return int(token.text)


def _null(token: Token) -> str:
    return f'QueryParserError: Encountered " "null" "NULL "" {token.where}\nWas expecting:\n    <IDENTIFIER> ...\n    '
