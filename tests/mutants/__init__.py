"""Small bugs behind the requirement rows, which the tests of those rows must notice."""

from tests.mutants.autotask import AUTOTASK
from tests.mutants.costcertified import COSTCERTIFIED
from tests.mutants.costtracker import COSTTRACKER
from tests.mutants.ion import ION
from tests.mutants.mutant import Mutant
from tests.mutants.ontraccr import ONTRACCR

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (*COSTTRACKER, *ONTRACCR, *COSTCERTIFIED, *ION, *AUTOTASK)
