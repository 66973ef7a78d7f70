"""Search for a text within a column, in whatever capitals it is written."""

from typing import Any

from sqlalchemy import ColumnElement, String, func

MAX_LETTERS = 20  # different ones beside A to Z; SQLite bounds how deep functions are nested


def contains_text(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that a column has a text somewhere; capitals do not matter.

    SQLite, and PostgreSQL with the collation C, only know that A to Z are capitals of a to z.
    Other letters of the text are therefore replaced by small ones on both sides.
    """
    letters = sorted({letter.lower() for letter in text if not letter.isascii()})
    pairs = [(letter, letter.upper()) for letter in letters if _has_plain_capital(letter)]
    for small, capital in pairs[:MAX_LETTERS]:
        column = func.replace(column, capital, small, type_=String)
        text = text.replace(capital, small)
    condition: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return condition


def _has_plain_capital(letter: str) -> bool:
    """Return whether a small letter has a capital that is one other letter beside A to Z."""
    capital = letter.upper()
    return len(letter) == len(capital) == 1 and capital != letter and not capital.isascii()
