"""The condition of a partial index in a query that demands more than the condition."""

from typing import Any

from sqlalchemy import literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class IndexCondition(FunctionElement[bool]):
    """The condition of an index, for a query whose other conditions imply it.

    SQLite uses a partial index only if the query repeats its condition. PostgreSQL infers it from
    narrower conditions; if the condition is repeated, PostgreSQL takes it as independent of them
    and expects far fewer rows than there are.
    """

    inherit_cache = True

    def __init__(self, condition: str) -> None:
        super().__init__(literal_column(condition))


@compiles(IndexCondition)
def _compile_condition(element: IndexCondition, compiler: SQLCompiler, **options: Any) -> str:
    """Compile the condition with the text that the index has."""
    (condition,) = element.clauses
    return compiler.process(condition, **options)


@compiles(IndexCondition, "postgresql")
def _compile_for_postgresql(element: IndexCondition, compiler: SQLCompiler, **options: Any) -> str:
    """Compile a condition that is always true."""
    return "true"
