"""Remember the vendor's invoice number with which each receipt was read first.

A receipt stays on the bill on which it was read first. If somebody adds or corrects its number in
Autotask later, that bill would else be gone, and the receipt would be on a second bill as well.
"""

from collections.abc import Iterable

from hub import Row, Secrets
from hub_autotask.report_history import format_states, parse_states

FIRST_NUMBERS_KEY = "vendor invoice numbers of receipts"
LABEL = "numbers "  # a stored value with a space is no token, so that pages show what it contains


class FirstNumbers:
    """The first numbers by the ids of their receipts, stored in the secrets of the installation."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        text = secrets.get(FIRST_NUMBERS_KEY, "")
        self._numbers = parse_states(text.removeprefix(LABEL))

    def get(self, receipt: Row) -> str:
        """Return the number with which a receipt was read first; "" if it had none."""
        number = self._numbers.get(receipt["id"])
        return _number_of(receipt) if number is None else number

    def note(self, receipts: Iterable[Row]) -> None:
        """Note the numbers of these receipts, except those that were noted before."""
        new_numbers = {}
        for receipt in receipts:
            if receipt["id"] not in self._numbers:
                new_numbers[receipt["id"]] = _number_of(receipt)
        if new_numbers:
            self._numbers |= new_numbers
            self._secrets[FIRST_NUMBERS_KEY] = LABEL + format_states(self._numbers)


def _number_of(receipt: Row) -> str:
    """Return the number of the vendor's invoice that a receipt names now; "" without one."""
    number = receipt["vendorInvoiceNumber"]
    return number if isinstance(number, str) else ""


def has_number_as_text(receipt: Row) -> bool:
    """Return whether the number of the vendor's invoice of a receipt is a text, or missing."""
    return receipt["vendorInvoiceNumber"] is None or isinstance(receipt["vendorInvoiceNumber"], str)
