"""Report to a source, in one run at a time."""

from contextlib import AbstractContextManager

from hub.errors import Busy
from hub.models import Installation
from hub.posting import receipt_delivery
from hub.scheduling.leases import WaitNotice, lease


def wait_and_deliver(installation: Installation, on_wait: WaitNotice | None) -> int:
    """Deliver the due receipts of an app; return how many were delivered.

    If a run that reads the changes of the company delivers them, wait until it has ended: otherwise
    both would deliver the same receipts.
    """
    with _receipts_lease(installation, wait=True, on_wait=on_wait):
        return receipt_delivery.deliver(installation.id)


def deliver_if_free(installation: Installation) -> int:
    """Deliver the due receipts of an app unless another run does; return how many were delivered.

    Receipts that the other run leaves are due, so a run of the app follows for them.
    """
    try:
        with _receipts_lease(installation, wait=False):
            return receipt_delivery.deliver(installation.id)
    except Busy:
        return 0


def _receipts_lease(
    installation: Installation, *, wait: bool, on_wait: WaitNotice | None = None
) -> AbstractContextManager[None]:
    """Return a context manager that holds the lease of an app's receipts."""
    return lease(f"receipts-{installation.id}", "The source", wait=wait, on_wait=on_wait)
