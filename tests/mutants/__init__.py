"""Small bugs behind the requirement rows, which the tests of those rows must notice."""

from tests.mutants.autotask_connection import AUTOTASK_CONNECTION
from tests.mutants.autotask_invoices import AUTOTASK_INVOICES
from tests.mutants.autotask_purchases import AUTOTASK_PURCHASES
from tests.mutants.costcertified import COSTCERTIFIED
from tests.mutants.costtracker_posting import COSTTRACKER_POSTING
from tests.mutants.costtracker_setup import COSTTRACKER_SETUP
from tests.mutants.ion_documents import ION_DOCUMENTS
from tests.mutants.ion_lifecycle import ION_LIFECYCLE
from tests.mutants.mutant import Mutant
from tests.mutants.ontraccr import ONTRACCR

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *COSTTRACKER_SETUP,
    *COSTTRACKER_POSTING,
    *ONTRACCR,
    *COSTCERTIFIED,
    *ION_DOCUMENTS,
    *ION_LIFECYCLE,
    *AUTOTASK_CONNECTION,
    *AUTOTASK_INVOICES,
    *AUTOTASK_PURCHASES,
)
