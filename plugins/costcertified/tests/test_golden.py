"""The document of each kind of invoice, payment, payout and expense."""

from pathlib import Path

import pytest

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
INVOICES = (
    "sent",
    "draft",
    "handed over by another way",
    "fee borne by the client",
    "fee borne by the contractor",
    "percentage of the total",
    "percentage of what remained",
    "tax of one item changed",
    "voided",
    "deleted",
    "letters and quotes",
    "a number longer than QuickBooks takes",
    "a date that is none",
    "edited after it was sent",
    "a client with a namesake",
    "the namesake",
    "dated in a closed period",
    "paid in advance and not used yet",
)
PAYMENTS = (
    "paid by card",
    "processing",
    "paid by bank transfer",
    "paid and given back in part",
    "a bank transfer that came back",
    "a bank transfer that failed",
    "paid in advance and used",
    "paid in part",
)
PAYOUTS = {"a payout with a refund": "t2", "a payout": "t1"}
EXPENSES = {
    "a bill": "e1",
    "a receipt": "e2",
    "an expense not pushed": "e3",
    "an expense without vendor": "e4",
}


def payment_of(bench, case):
    """Return the id of the payment on the invoice that shows a case."""
    return bench.books.payments_of[bench.raw(case)["id"]][0]


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-')}.json", items)


@pytest.mark.parametrize("case", INVOICES)
def test_the_invoice_of_each_case_is_as_it_was(shared_bench, case):
    checked(case, [shared_bench.case(case)])


@pytest.mark.parametrize("case", PAYMENTS)
def test_the_payment_of_each_case_is_as_it_was(shared_bench, case):
    id = payment_of(shared_bench, case)
    refund = [f"refund:{id}/R-{id[1:]}-1"] if "given back" in case else []
    checked(f"payment {case}", shared_bench.read(ids=[f"payment:{id}", *refund]))


def test_no_row_of_the_stand_in_is_left_out(shared_bench):
    assert {row["case"] for row in shared_bench.books.rows["invoices"].values()} <= {
        *INVOICES,
        *PAYMENTS,
    }


@pytest.mark.parametrize("case", PAYOUTS)
def test_payouts(shared_bench, case):
    checked(case, [shared_bench.read(ids=[f"payout:{PAYOUTS[case]}"])[0]])


def test_expenses(open_bench):
    bench = open_bench(documents=3, expenses=True, payable_account="33", paid_from="35")
    for name, id in EXPENSES.items():
        paid = [f"expense-payment:{id}"] if name == "a receipt" else []
        checked(name, bench.read(ids=[f"expense:{id}", *paid]))


@pytest.mark.row("CC-B2", "CC-B5")
def test_outside_the_us_each_payment_goes_to_the_bank_and_each_line_has_a_tax_code(
    open_bench,
):
    bench = open_bench(
        country="NO",
        payouts="payment",
        lines="each",
        item_mode="fixed_item",
        item="12",
        fee_item="13",
    )
    checked(
        "fixed item elsewhere",
        [bench.case("fee borne by the client"), bench.case("tax of one item changed")],
    )
    id = payment_of(bench, "paid by card")
    checked("payment with its fee", bench.read(ids=[f"payment:{id}", f"fee:{id}"]))
