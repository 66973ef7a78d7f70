"""Contract tests of values: amounts, codes and dates are those that the source answers."""

from collections.abc import Mapping

import pytest

from hub.contract.document_kinds import PAYABLE_KINDS, PAYMENT_KINDS
from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.outcomes.items import list_of
from hub.testing.suite.exemptions import check_exempted_names, check_exemption
from hub.testing.suite.orders import ORDER
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.amounts import find_total_defect
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.currencies import find_currency_defect
from hub.testing.values.dates import find_date_defect, find_due_date_defect
from hub.testing.values.document_taxes import find_document_tax_defect, find_net_total_defect
from hub.testing.values.examples import is_offset, iter_examples, iter_ready_examples
from hub.testing.values.line_codes import find_line_code_defect
from hub.testing.values.line_taxes import find_line_tax_defect
from hub.testing.values.states import find_state_defect
from hub.testing.values.texts import find_description_defect, find_memo_defect, find_number_defect

ADVICE = {
    "total": (
        "Pass the total that the source states, with tax. One that the plugin works out agrees with"
        " its lines also if it has lost one of them."
    ),
    "currency": "Pass the currency that the source states, also if its samples have only one.",
    "date": (
        "Take the day of the document, in the zone in which the source counts its days. If the row"
        " or the account names that zone, say so in `derived`."
    ),
    "due": "Pass it as `due`.",
    "tax": (
        "Pass the tax of each line as a code, with a field of the role tax_code, and the tax of the"
        " whole document once. Without it QuickBooks posts another tax, or none."
    ),
    "codes": "Give each line the codes of its own row.",
    "number": (
        "People look for a document by the number that they know, which is not the id of its row."
    ),
    "memo": "Pass it as `memo`, so that people read it in QuickBooks.",
    "description": "Pass it as `description` of the line.",
    "state": (
        "Name every state of the source and its stage in a table: look_up(STAGES, row[…], 'state')"
        " raises for another one, so that the row waits with the reason. What is a draft, or was"
        " rejected or cancelled, is not ready."
    ),
}
TEXT_CHECKS = {
    "number": find_number_defect,
    "memo": find_memo_defect,
    "description": find_description_defect,
}
VALUES_OF_AN_OFFSET = ("currency", "date")
DUE_KINDS = (*PAYABLE_KINDS, "purchase_order")  # kinds that have a due date in QuickBooks


class SourceValuesTests(VariantBenches):
    """Tests that change a value in the responses of the stand-in and look at the document.

    `derived` says why a plugin works out a value that the source does not answer as it is.
    """

    derived: Mapping[str, str]

    @pytest.mark.parametrize("name", ADVICE)
    def test_values_of_documents_follow_the_answers_of_the_source(self, name: str) -> None:
        """Look for a value of a document of each kind and list that does not follow its source."""
        problems: dict[tuple[str, str], str] = {}
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            find_examples = iter_ready_examples if name == "state" else iter_examples
            for document in find_examples(plans):
                problem = _find_defect(name, bench, document)
                if problem:
                    problems.setdefault(list_of(document), f"{document.source_id}: {problem}")
        if name in self.derived:
            check_exemption(
                "derived",
                self.derived,
                name,
                is_needed=bool(problems) or self._lacks_a_ready_kind(),
                otherwise=f"{self.slug} takes {name} from its source",
            )
        elif problems:
            text = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} has documents without the {name} of the source:\n{text}\n"
                f"{ADVICE[name]} If the plugin has to work it out, or should leave it out:"
                f" contract(…, derived={{{name!r}: reason}})."
            )

    def test_exceptions_in_derived_name_known_values(self) -> None:
        """Check the names in `derived`."""
        check_exempted_names("derived", self.derived, (*ADVICE, ORDER))


def _find_defect(name: str, bench: Bench, document: Document) -> str:
    """Return what is wrong with a value of a document; "" if nothing is or nothing can be said."""
    responses = ChangedResponses(bench, document)
    if not responses.shows(document):
        return ""  # other tests say so
    if is_offset(document) and name not in VALUES_OF_AN_OFFSET:
        return ""
    if name == "due":
        has_due = document.kind in DUE_KINDS
        return find_due_date_defect(responses, bench, document) if has_due else ""
    if name == "tax":
        return _find_tax_defect(responses, document)
    if name == "state":
        return find_state_defect(responses, bench, document)
    if name == "codes":
        return find_line_code_defect(responses, document)
    if name in TEXT_CHECKS:
        return TEXT_CHECKS[name](responses, document)
    if getattr(document, name) is None:
        return ""
    return _find_field_defect(name, responses, bench, document)


def _find_tax_defect(responses: ChangedResponses, document: Document) -> str:
    """Return what is wrong with the taxes of a document; "" for a payment, which has none."""
    if document.kind in PAYMENT_KINDS:
        return ""
    line_tax_defect = find_line_tax_defect(responses, document)
    return line_tax_defect or find_document_tax_defect(responses, document)


def _find_field_defect(
    name: str, responses: ChangedResponses, bench: Bench, document: Document
) -> str:
    """Return what is wrong with the total, the currency or the date of a document."""
    if name == "total":
        return find_total_defect(responses, document) or find_net_total_defect(responses, document)
    if name == "currency":
        return find_currency_defect(responses, document)
    return find_date_defect(responses, bench, document)
