"""Runs that stopped and receipts that did not arrive, for authors of plugins."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from hub.cli.unposted_documents import join_examples


class SourceFailures:
    """Find runs that stopped, and receipts that the source did not take, since it was created."""

    def __init__(self) -> None:
        """Leave out what failed before now."""
        self._last_run_id = max((id for id, _, _ in _load_stopped_runs(0)), default=0)
        self._tries = {row.id: row.tries for row in _load_failed_receipts()}
        self._described_errors: set[str] = set()

    def describe_new(self) -> str:
        """Return why runs stopped and receipts did not arrive; "" if all was described before."""
        lines = []
        for id, slug, error in _load_stopped_runs(self._last_run_id):
            self._last_run_id = id
            what = f"A run of {slug}" if slug else "A run"
            lines.append(f"{what} stopped: {error}")
        lines += self._describe_receipts()
        log = _log_path()
        if lines and log:
            lines.append(f"  {log} has the details.")
        return "\n".join(lines)

    def _describe_receipts(self) -> list[str]:
        """Return a line for each error of receipts that was not described, with some of them."""
        receipts_by_error: dict[str, list[str]] = defaultdict(list)
        for row in _load_failed_receipts():
            is_new = self._tries.get(row.id, 0) < row.tries
            self._tries[row.id] = row.tries
            if is_new and row.error not in self._described_errors:
                receipts_by_error[row.error].append(f"{row.source_id} {row.state}")
        if not receipts_by_error:
            return []
        self._described_errors |= receipts_by_error.keys()
        lines = ["Not reported to the source:"]
        for error, receipts in receipts_by_error.items():
            lines.append(f"  {join_examples(receipts)}: {error}")
        return lines


def _load_stopped_runs(run_id: int) -> Sequence[Any]:
    """Return id, app and error of each run after one that stopped, oldest first."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import Installation, Run
    from hub.models.enums import RunOutcome

    query = (
        select(Run.id, Installation.slug, Run.error)
        .outerjoin(Installation, Installation.id == Run.installation_id)
        .where(Run.id > run_id, Run.outcome == RunOutcome.STOPPED)
        .order_by(Run.id)
    )
    with read_only_session() as session:
        return session.execute(query).all()


def _load_failed_receipts() -> Sequence[Any]:
    """Return the receipts that the source did not take, each with the id of its document."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import ReceiptRow, SourceDocument

    query = (
        select(
            ReceiptRow.id,
            ReceiptRow.tries,
            ReceiptRow.state,
            ReceiptRow.error,
            SourceDocument.source_id,
        )
        .join(SourceDocument, SourceDocument.id == ReceiptRow.document_id)
        .where(ReceiptRow.error != "")
        .order_by(ReceiptRow.id)
    )
    with read_only_session() as session:
        return session.execute(query).all()


def _log_path() -> str:
    """Return the path of the log; "" if it is not written to a file of the data folder."""
    from hub.context import current_hub
    from hub.telemetry import log_output

    path = current_hub().config.data / log_output.FILE_NAME
    return str(path) if path.exists() else ""
