"""Parse the query language: a SELECT becomes conditions, order and page, or is refused."""

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
    | (?P<bare>[^\s'"(),*<>=]+)
    )""",
    re.VERBOSE,
)
# QuickBooks' parser knows only the characters of Latin-1, also in quotes: 'Włodarski' was refused.
FOREIGN_CHARACTER = re.compile("[^\x00-\xff]")
WHOLE_NUMBER = re.compile("-?[0-9]{1,20}")
OPERATORS = ("=", "!=", "<", ">", "<=", ">=")  # "!=" is not documented, but answered
MAX_PAGE_SIZE = 1000
MAX_POSITION = 2**31 - 1
DEFAULT_PAGE_SIZE = 100
EMPTY_QUERY = """QueryParserError: Encountered "<EOF>" at line 0, column 0.
Was expecting:
    "select" ...
    """
LISTED_VALUES = """
    "false" ...
    "true" ...
    <DATETIME> ...
    <ID> ...
    <STRING> ..."""


class QueryToken(NamedTuple):
    """A token of a query; `location` is its line and column in messages."""

    kind: str
    text: str
    location: str


class Condition(NamedTuple):
    """One comparison of the WHERE clause; the value of `in` and `not in` is a list."""

    field: str
    operator: str
    value: Any


@dataclass
class Select:
    """A parsed query; `order` holds fields with True for descending, `start` is the first row."""

    entity: str
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    page_size: int = DEFAULT_PAGE_SIZE


def parse(text: str) -> Select:
    """Parse a SELECT; raise 4000 for a syntax error and 4001 for an invalid page."""
    if not text.strip():
        raise Refusal("4000", EMPTY_QUERY)
    return _Parser(_split_tokens(text)).select()


def _split_tokens(text: str) -> list[QueryToken]:
    """Split the text of a query into tokens."""
    tokens = []
    position = 0
    text = text.strip().rstrip("; \t\r\n")
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.end() == position:
            bad = text[position:].strip()
            place = text.index(bad[0], position)
            raise _refuse_character(text, place, place)
        foreign = FOREIGN_CHARACTER.search(match[0])
        if foreign:
            start = match.start(str(match.lastgroup))
            raise _refuse_character(text, position + foreign.start(), start)
        kind = str(match.lastgroup)
        tokens.append(
            QueryToken(kind, match.group(kind), _describe_position(text, match.start(kind)))
        )
        position = match.end()
    return [*tokens, QueryToken("end", "<EOF>", _describe_position(text, len(text)))]


def _describe_position(text: str, position: int) -> str:
    """Return a place in a query as line and column."""
    lines = text[:position].split("\n")
    return f"at line {len(lines)}, column {len(lines[-1]) + 1}."


def _refuse_character(text: str, place: int, start: int) -> Refusal:
    """Return the refusal of a character in the token that begins at `start`."""
    sign = text[place]
    location = _describe_position(text, place)
    return Refusal(
        "4000",
        f"QueryParserError: Invalid content. Lexical error {location}"
        f'  Encountered: "{_escape(sign)}" ({ord(sign)}), after : "{_escape(text[start:place])}"',
    )


def _escape(text: str) -> str:
    """Return a part of a query as messages show it, with quotes and foreign characters escaped."""
    quoted_text = text.replace("'", "\\'").replace('"', '\\"')
    return FOREIGN_CHARACTER.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted_text)


def _refuse_token(token: QueryToken, expected_tokens: str = "") -> Refusal:
    names = {
        "word": f' <IDENTIFIER> "{token.text} "',
        "string": f' <STRING> "{token.text} "',
        "end": "<EOF>",
    }
    sort = names.get(token.kind, f' "{token.text}" "{token.text} "')
    if WHOLE_NUMBER.fullmatch(token.text):
        sort = f' <INTEGER> "{token.text} "'
    return Refusal(
        "4000",
        f'QueryParserError: Encountered "{sort}" {token.location}\n'
        f"Was expecting one of:{expected_tokens}\n    ",
    )


def invalid_query(text: str) -> Refusal:
    """Return the refusal of a query that can be parsed, but not be carried out."""
    return Refusal("4001", f"QueryValidationError: {text}")


class _Parser:
    """A recursive-descent parser over the tokens of one query."""

    def __init__(self, tokens: list[QueryToken]) -> None:
        self.tokens = tokens
        self.place = 0

    def select(self) -> Select:
        """Parse the whole query."""
        self._require("select")
        count = self._parse_projection()
        self._require("from")
        query = Select(self._take("word").text, count)
        self._parse_where(query)
        self._parse_tail(query)
        if self._next_token().kind != "end":
            raise _refuse_token(self._next_token())
        return query

    def _next_token(self) -> QueryToken:
        """Return the next token, and leave it in place."""
        return self.tokens[self.place]

    def _take(self, *kinds: str) -> QueryToken:
        """Return the next token and go past it; refuse one of another kind."""
        token = self._next_token()
        if token.kind == "word" and token.text.lower() == "null":
            raise Refusal("4000", _format_null_error(token))
        if token.kind not in kinds:
            raise _refuse_token(token)
        self.place += 1
        return token

    def _accept(self, *words: str) -> bool:
        """Go past the next token if it is one of these words; return whether it is."""
        token = self._next_token()
        if token.kind not in ("word", "sign") or token.text.lower() not in words:
            return False
        self.place += 1
        return True

    def _require(self, word: str) -> None:
        """Go past a word that must come next."""
        if not self._accept(word):
            raise _refuse_token(self._next_token())

    def _parse_projection(self) -> bool:
        """Read the projection and tell whether it counts; the named fields make no difference."""
        if self._next_token().text.lower() == "count" and self.tokens[self.place + 1].text == "(":
            self._take("word")
            for sign in "(*)":
                self._require(sign)
            return True
        self._projected_field()
        while self._accept(","):
            self._projected_field()
        return False

    def _projected_field(self) -> None:
        """Go past a field of the projection; an answer always has all fields."""
        if self._accept("*"):
            return
        name = self._take("word").text
        if name.endswith("."):
            self._require("*")

    def _parse_where(self, query: Select) -> None:
        """Parse the conditions, if there are any."""
        if not self._accept("where"):
            return
        query.conditions.append(self._parse_condition())
        while self._accept("and"):
            query.conditions.append(self._parse_condition())

    def _parse_condition(self) -> Condition:
        """Parse one condition, which may stand in brackets."""
        bracket = self._accept("(")
        name = self._take("word").text
        if self._accept("in"):
            condition = Condition(name, "in", self._parse_values())
        elif self._accept("not"):
            self._require("in")
            condition = Condition(name, "not in", self._parse_values())
        elif self._accept("like"):
            condition = Condition(name, "like", self._parse_value())
        else:
            operator = self._take("op").text
            if operator not in OPERATORS:
                raise _refuse_token(self.tokens[self.place - 1])
            condition = Condition(name, operator, self._parse_value())
        if bracket:
            self._require(")")
        return condition

    def _parse_values(self) -> list[str]:
        """Parse the values in the brackets of `in`."""
        self._require("(")
        values = [self._parse_listed_value()]
        while self._accept(","):
            values.append(self._parse_listed_value())
        self._require(")")
        return values

    def _parse_listed_value(self) -> str:
        """Parse one value of a list, in which a number must be in quotes."""
        token = self._next_token()
        if WHOLE_NUMBER.fullmatch(token.text):
            raise _refuse_token(token, LISTED_VALUES)
        return self._parse_value()

    def _parse_value(self) -> str:
        """Parse one value, and remove the quotes around it."""
        token = self._take("string", "word", "bare")
        if token.kind != "string":
            return token.text
        return re.sub(r"\\(.)", r"\1", token.text[1:-1])

    def _parse_tail(self, query: Select) -> None:
        """Read ORDERBY, STARTPOSITION and MAXRESULTS, in any order."""
        while True:
            if self._accept_order():
                query.order.append(self._order_field())
                while self._accept(","):
                    query.order.append(self._order_field())
            elif self._accept("startposition"):
                query.start = self._positive_number(MAX_POSITION)
            elif self._accept("maxresults"):
                query.page_size = self._positive_number(MAX_PAGE_SIZE)
            else:
                return

    def _accept_order(self) -> bool:
        """Read ORDERBY, which may be two words."""
        if self._accept("orderby"):
            return True
        return self._accept("order") and self._accept("by")

    def _order_field(self) -> tuple[str, bool]:
        """Parse a field to order by, and whether the order is descending."""
        name = self._take("word").text
        is_descending = self._accept("desc")
        if not is_descending:
            self._accept("asc")
        return name, is_descending

    def _positive_number(self, maximum: int) -> int:
        """Take a number of at least 1, and of at most `maximum`."""
        token = self._take("bare")
        if not WHOLE_NUMBER.fullmatch(token.text):
            raise _refuse_token(token)
        number = int(token.text)
        if number < 1:
            raise invalid_query(f"value {token.text} is too small. Min allowed value is 1")
        if number > maximum:
            raise invalid_query(f"value {token.text} is too large. Max allowed value is {maximum}")
        return number


def _format_null_error(token: QueryToken) -> str:
    return (
        f'QueryParserError: Encountered " "null" "NULL "" {token.location}\n'
        "Was expecting:\n    <IDENTIFIER> ...\n    "
    )
