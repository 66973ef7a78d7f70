"""Details of a bill payment that QuickBooks or people enter: the state of its check."""

from typing import Any

from hub.payloads.entities import read_ref_id

PRINT_STATUS = "PrintStatus"
PAYEE_ADDRESS = "PayeeAddr"
# The parts of a bill payment of which the hub sets only the account.
PAYMENT_PARTS = ("CheckPayment", "CreditCardPayment")


def keep_payment_details(update: dict[str, Any], current: dict[str, Any]) -> None:
    """Keep what QuickBooks has of the check or the card, beside the account of the update.

    Otherwise a check that was printed, or that a person marked for printing, would be neither. The
    address on it stays only if the update names the same supplier.
    """
    for name in PAYMENT_PARTS:
        ours, theirs = update.get(name), current.get(name)
        if not ours or not theirs:
            continue
        merged_details = theirs | ours
        if PRINT_STATUS in theirs:
            merged_details[PRINT_STATUS] = theirs[PRINT_STATUS]
        if read_ref_id(update, "VendorRef") != read_ref_id(current, "VendorRef"):
            merged_details.pop(PAYEE_ADDRESS, None)
        update[name] = merged_details
