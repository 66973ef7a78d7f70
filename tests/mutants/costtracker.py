"""Mutants behind the rows of CostTracker."""

from tests.mutants.mutant import Mutant

COSTTRACKER: tuple[Mutant, ...] = ()
