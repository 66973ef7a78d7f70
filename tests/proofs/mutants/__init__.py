"""Small bugs planted behind the requirement rows, which the tests of those rows must detect."""

from tests.proofs.mutants.autotask_connection import AUTOTASK_CONNECTION
from tests.proofs.mutants.autotask_invoices import AUTOTASK_INVOICES
from tests.proofs.mutants.autotask_purchases import AUTOTASK_PURCHASES
from tests.proofs.mutants.costcertified import COSTCERTIFIED
from tests.proofs.mutants.costtracker_posting import COSTTRACKER_POSTING
from tests.proofs.mutants.costtracker_setup import COSTTRACKER_SETUP
from tests.proofs.mutants.ion_cases import ION_CASES
from tests.proofs.mutants.ion_documents import ION_DOCUMENTS
from tests.proofs.mutants.ion_lifecycle import ION_LIFECYCLE
from tests.proofs.mutants.mutant import Mutant
from tests.proofs.mutants.ontraccr import ONTRACCR

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *COSTTRACKER_SETUP,
    *COSTTRACKER_POSTING,
    *ONTRACCR,
    *COSTCERTIFIED,
    *ION_CASES,
    *ION_DOCUMENTS,
    *ION_LIFECYCLE,
    *AUTOTASK_CONNECTION,
    *AUTOTASK_INVOICES,
    *AUTOTASK_PURCHASES,
)
