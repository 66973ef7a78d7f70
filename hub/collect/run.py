"""Collect the documents of one app: read them from the source and plan their postings."""

from collections.abc import Iterator, Sequence

from hub import sources
from hub.collect import reread
from hub.collect.absence import Absent
from hub.collect.batch import DOCUMENTS_PER_BATCH
from hub.collect.commit import BatchWriter, CollectResult
from hub.collect.list_checks import stop_without_end
from hub.collect.prepare import prepare
from hub.collect.read import read
from hub.collect.replanning import replan_stale, replan_waiting
from hub.collect.reread import RereadBudget
from hub.collect.settings_check import (
    ColumnsChanged,
    MatchRemoved,
    ReadingStartedOver,
    SettingsChanged,
)
from hub.collect.setup import Setup
from hub.context import Progress
from hub.contract.documents import Checkpoint, Gone, Yielded
from hub.errors import HubError, PluginFault, RateReached, Refused, Retry, Sentence, TooOften
from hub.sources import file_folder, outage

# The errors after which the rest is read by what changed meanwhile.
OUTDATED_READINGS = (SettingsChanged, MatchRemoved, ColumnsChanged, ReadingStartedOver)


def collect(
    installation_id: int,
    *,
    ids: Sequence[str] = (),
    progress: Progress | None = None,
) -> CollectResult:
    """Read new documents, then waiting ones again, or read exactly these ids.

    An error ends the collect and is raised; what was stored before it stays. If the rate of the
    source is used up, settings or columns are changed or matches removed meanwhile, or everything
    is to be read again, the result says when to read the rest. With `ids`, these are errors too.
    """
    result = CollectResult()
    try:
        setup = prepare(installation_id)
        replan_stale(setup)
        reading = SourceReading(setup, result, progress)
        if ids:
            reading.read_exactly(ids)
        else:
            result.notes += file_folder.receive_all(setup.installation)
            reading.read_all()
        replan_waiting(setup)
    except (RateReached, *OUTDATED_READINGS) as error:
        if ids:
            raise
        _continue_later(result, error)
        return result
    except HubError as error:
        has_progress = isinstance(error, TooOften) and result.counts["documents"]
        if error.from_source and not has_progress:
            outage.note_failure(installation_id, error)
        raise
    if not ids:
        outage.note_success(installation_id)
    return result


def collect_matched(installation_id: int) -> CollectResult:
    """Plan documents again whose codes were matched since they were planned.

    Documents that a code holds are first read from the source. If settings or columns are changed
    or matches removed meanwhile, the result says when to read the rest.
    """
    result = CollectResult()
    try:
        setup = prepare(installation_id)
        replan_stale(setup)
        ids = reread.find_matched_ids(setup)
        if ids:
            SourceReading(setup, result, None).read_exactly(ids)
    except OUTDATED_READINGS as error:
        _continue_later(result, error)
    return result


def _continue_later(result: CollectResult, error: Retry) -> None:
    """Note in the result of a collect why it ended early, and when the rest is to be read."""
    result.notes.append(Sentence("%(error)s The rest is read then.", error=error.text))
    result.continue_after = error.after


class SourceReading:
    """The reading of one source in one collect."""

    def __init__(self, setup: Setup, result: CollectResult, progress: Progress | None) -> None:
        self.setup = setup
        self.result = result
        self.writer = BatchWriter(setup, result, progress)
        # Documents that the source did not have: not among the answers to their ids, or not in a
        # list that should have them.
        self.absences: list[Gone] = []
        self.stored_count = 0  # how many of them are stored already, before they are judged

    def read_all(self) -> None:
        """Read the list, then waiting documents, so that these never delay new ones."""
        try:
            self.writer.write_list(self._read_list())
            self._read_waiting()
        except HubError:
            self._store_absences(is_evidence=False)
            raise
        self._judge_absences()

    def read_exactly(self, ids: Sequence[str]) -> None:
        """Read these documents; without its list, the source's answers prove no absence."""
        try:
            self._read(ids)
        finally:
            self._store_absences(is_evidence=False)

    def _read_waiting(self) -> None:
        """Read waiting documents again, until the source asks to slow down.

        The rest of the requested documents is read as soon as the source may be called again.
        """
        try:
            self._read(reread.find_requested_ids(self.setup))
        except TooOften as error:
            self.result.continue_after = error.after
            self._note_throttling(error)
            return
        try:
            self._read(reread.find_waiting_ids(self.setup), RereadBudget(self.setup))
        except TooOften as error:
            self._note_throttling(error)

    def _note_throttling(self, error: TooOften) -> None:
        """Add a note that some documents were not read because the source asked to slow down."""
        self.result.notes.append(
            Sentence("%(error)s The next run reads the rest.", error=error.text)
        )

    def _read(self, ids: Sequence[str], budget: RereadBudget | None = None) -> None:
        """Read documents by their ids, as many at once as a batch holds.

        Stop when the budget is spent.
        """
        remaining = list(ids)
        while remaining and not (budget and budget.is_spent()):
            size = DOCUMENTS_PER_BATCH
            if budget:
                size = min(size, budget.ids_left)
            self._read_together(remaining[:size], budget)
            remaining = remaining[size:]

    def _read_together(self, ids: Sequence[str], budget: RereadBudget | None) -> None:
        """Read documents in one call of the plugin, and mark them as asked for.

        If the budget is spent, they are not marked, so that the next run reads them first.
        """
        unanswered_ids = dict.fromkeys(ids)
        try:
            self.writer.write(self._read_answers(unanswered_ids, budget))
        except (Refused, PluginFault):
            # It would be the first to be read with every run, and keep the others from being read.
            first_unanswered = list(unanswered_ids)[:1]
            reread.mark_as_requested(self.setup, first_unanswered)
            raise
        if budget is None or not budget.is_spent():
            reread.mark_as_requested(self.setup, unanswered_ids)
        if budget:
            budget.spend(len(ids))

    def _read_answers(
        self, unanswered_ids: dict[str, None], budget: RereadBudget | None
    ) -> Iterator[Yielded]:
        """Yield the documents that the source has of these ids, until the budget is spent."""
        for item in read(self.setup, tuple(unanswered_ids)):
            if isinstance(item, Checkpoint):
                continue
            unanswered_ids.pop(item.source_id, None)
            if isinstance(item, Gone):
                self._note_absence(item)
            else:
                yield item
            if budget and budget.is_spent():
                return

    def _read_list(self) -> Iterator[Yielded]:
        """Yield the items of the list; set aside deletions that the plugin only infers."""
        setup = self.setup
        for item in stop_without_end(read(setup), setup.read_ids, setup.app.name):
            if isinstance(item, Gone) and item.inferred:
                self._note_absence(item)
                continue
            if isinstance(item, Checkpoint):
                self._store_new_absences()
            yield item

    def _store_new_absences(self) -> None:
        """Store new absences before the cursor that follows them: after it, they are not inferred.

        If the process is killed before they are judged, the documents are still asked for again.
        They are counted when they are judged.
        """
        new = self.absences[self.stored_count :]
        self.stored_count = len(self.absences)
        BatchWriter(self.setup, CollectResult(), None).write(_build_absent(new, is_evidence=False))

    def _note_absence(self, item: Gone) -> None:
        """Set aside a document that the source does not have; it is judged after the reading."""
        self.absences.append(item)
        self.setup.read_ids.add(item.source_id)

    def _judge_absences(self) -> None:
        """Store the absences, as evidence only if the connection works now.

        They include absences from before the source asked to slow down.
        """
        if not self.absences:
            return
        try:
            sources.check(self.setup.installation)
        except TooOften:  # not an error: the next run asks for the documents again
            self._store_absences(is_evidence=False)
        except HubError:
            self._store_absences(is_evidence=False)
            raise
        else:
            self._store_absences(is_evidence=True)

    def _store_absences(self, *, is_evidence: bool) -> None:
        """Store what the source did not have, and note how many of its documents these are."""
        absences, self.absences, self.stored_count = self.absences, [], 0
        self.writer.write(_build_absent(absences, is_evidence=is_evidence))
        absent = self.result.counts["absent"]
        if absences and absent:
            self.result.notes.append(
                Sentence(
                    "%(app)s did not have %(count)s of its documents. They stay as they are and are"
                    " asked for again; only two such runs, at least an hour apart, prove that a"
                    " document is gone.",
                    app=self.setup.app.name,
                    count=absent,
                )
            )


def _build_absent(absences: Sequence[Gone], *, is_evidence: bool) -> list[Absent]:
    """Return what is stored about documents that the source did not have."""
    return [
        Absent(source_id=item.source_id, reason=item.reason, is_evidence=is_evidence)
        for item in absences
    ]
