"""Notice that a payment has lost a refund, which CostCertified does not announce."""

from collections.abc import Iterator, Sequence

from hub import Gone, Outcome, Refused, Row, Sentence, Unreadable, format_ids, parse_ids
from hub_costcertified import names, payments

STREAM = "refund deletions"  # the cursor of such a stream stays if everything is read again


class KnownRefunds:
    """The refunds of each payment as they were last read, stored in a cursor."""

    def __init__(self, cursor: str) -> None:
        """Read the cursor; raise Refused for another text."""
        self._refunds: dict[str, set[str]] = {}
        try:
            ids = parse_ids(cursor)
        except ValueError:
            raise Refused("%(cursor)s is not a cursor of refunds.", cursor=cursor) from None
        for id in ids:
            payment, _, _ = id.partition("/")
            self._refunds.setdefault(payment, set()).add(id)
        self._stored = cursor

    def find_missing(self, row: Row, outcomes: Sequence[Outcome]) -> Iterator[Gone]:
        """Yield the Gone of each refund that a payment lacks; `outcomes` are what it has now.

        A payment that could not be read, or that does not state its refunds, keeps them.
        """
        if any(isinstance(outcome, Unreadable) for outcome in outcomes):
            return
        is_deleted = bool(row.get(names.Payment.DELETED_AT))
        if not is_deleted and names.Payment.REFUNDS not in row:
            return
        present = set(_list_refund_ids(outcomes))
        payment = str(row[names.Payment.ID])
        for id in sorted(self._refunds.pop(payment, set()) - present):
            reason = Sentence("CostCertified does not have the refund any more.")
            source_id = f"{payments.REFUND_PREFIX}{id}"
            yield Gone(source_id=source_id, reason=reason, inferred=not is_deleted)
        if present:
            self._refunds[payment] = present

    def new_cursor(self) -> str | None:
        """Return the cursor to store; None if it is stored already."""
        cursor = format_ids({id for ids in self._refunds.values() for id in ids})
        if cursor == self._stored:
            return None
        self._stored = cursor
        return cursor


def _list_refund_ids(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the ids of the refunds among the documents of a payment, without their prefix."""
    source_ids = [outcome.source_id for outcome in outcomes]
    prefix = payments.REFUND_PREFIX
    return [id.removeprefix(prefix) for id in source_ids if id.startswith(prefix)]
