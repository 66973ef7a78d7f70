"""Mutants behind the rows of ION."""

from tests.mutants.mutant import Mutant

ION: tuple[Mutant, ...] = ()
