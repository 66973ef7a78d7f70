"""Mutants behind the rows of Autotask."""

from tests.mutants.mutant import Mutant

AUTOTASK: tuple[Mutant, ...] = ()
