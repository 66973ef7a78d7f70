"""Conditions about the elements of a list that is stored as JSON."""

from collections.abc import Sequence

from sqlalchemy import JSON, ColumnElement, column, func, select
from sqlalchemy.orm import Session

FUNCTIONS = {"postgresql": func.json_array_elements, "sqlite": func.json_each}


def has_element(
    session: Session, elements: ColumnElement[JSON], path: Sequence[str], text: str
) -> ColumnElement[bool]:
    """Return the condition that an element of a JSON list has this text at a path."""
    list_elements = FUNCTIONS[session.get_bind().dialect.name]
    row = list_elements(elements).table_valued(column("value", JSON))
    return select(row.c.value).where(row.c.value[tuple(path)].as_string() == text).exists()
