"""Mutants behind the rows of Ontraccr."""

from tests.mutants.mutant import Mutant

ONTRACCR: tuple[Mutant, ...] = ()
