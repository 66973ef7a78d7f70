"""Frozen dataclasses for keywords only: the form of documents, settings and results."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value_object(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass with keyword arguments and slots."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)
