"""The condition of a partial index in a query that demands more than the condition."""

from typing import Any

from sqlalchemy import literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class IndexCondition(FunctionElement[bool]):
    """The condition of an index, for a query whose other conditions imply it.

    SQLite uses a partial index only if the query repeats its condition. PostgreSQL sees that a
    narrower condition implies it, and would take the two as independent: it would expect far fewer
    rows than there are.
    """

    inherit_cache = True

    def __init__(self, condition: str) -> None:
        super().__init__(literal_column(condition))


@compiles(IndexCondition)
def _repeat(element: IndexCondition, compiler: SQLCompiler, **options: Any) -> str:
    """Compile the condition as the index has it."""
    (condition,) = element.clauses
    return compiler.process(condition, **options)


@compiles(IndexCondition, "postgresql")
def _leave_out(element: IndexCondition, compiler: SQLCompiler, **options: Any) -> str:
    """Compile nothing for PostgreSQL."""
    return "true"
