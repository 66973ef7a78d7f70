"""Read a source and preview what would become of each document; store and post nothing."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any

from hub.collect.batch import CollectBatch
from hub.collect.links import find_links
from hub.collect.prepare import prepare
from hub.collect.read import read
from hub.collect.setup import Setup, load_setup
from hub.contract.codec import load
from hub.contract.documents import (
    ROLES,
    Checkpoint,
    Code,
    Document,
    Gone,
    Outcome,
    Unreadable,
    Yielded,
    get_code_id,
    iter_codes,
)
from hub.contract.settings_schema import RecordSettings
from hub.contract.states import Stage
from hub.contract.types import Field
from hub.db.engine import read_only_session
from hub.errors import Sentence
from hub.exact_json import loads
from hub.mapping.mapped import Missing, NewRecord, Ref
from hub.mapping.rules import find, find_setting, format_code_name
from hub.models import SourceDocument
from hub.models.enums import PostingState, StartRule
from hub.scheduling.applied_previews import (
    AppliedPreview,
    describe_applied,
    describe_links,
    fill_source_ids,
    find_awaited_documents,
)
from hub.scheduling.dry_run import BankReconciliations, TrialPlan, plan_and_check, rolled_back

UNDECLARED = "is no role, and hub_fields does not declare it"


@dataclass(frozen=True, kw_only=True)
class CodePreview:
    """A code of a document or of one of its lines, and its match.

    `record` is the QuickBooks id of the record, None if there is none; `result` describes the
    match.
    """

    field: str
    line: str
    code: str
    name: str
    role: str
    record: str | None = None
    result: str = ""

    def describe(self) -> str:
        """Return the preview as one line: the place of the code, its name and its record."""
        place = f"line {self.line} {self.field}" if self.line else self.field
        has_name = self.name and self.name != self.code
        name = f"{self.code} ({self.name})" if has_name else self.code
        result = self.result or "to be matched"
        if self.record:
            result = f"{self.record} {self.result}"
        return f"{place}: {name} → {self.role} {result}"


class PreviewState(StrEnum):
    """The planned outcome for a document that has no posting yet."""

    READY = "ready"
    UPDATE_ONLY = "update_only"  # it is not posted, and may only update what is posted
    HELD = "held"
    PENDING = "pending"  # not final at the source
    CLOSED = "closed"  # the source wants nothing posted any more
    EXCLUDED = "excluded"  # from before the first day of the app
    UNREADABLE = "unreadable"
    GONE = "gone"  # the source does not have it


@dataclass(frozen=True, kw_only=True)
class DocumentPreview:
    """The item that was read under one id, and the planned outcome for it.

    If nothing is left to send, `state` is the state of the last posting. `applied` are the
    documents that the lines apply to. `payloads` are the payloads for QuickBooks, one for each part
    of the document and for each record to create.
    """

    source_id: str
    state: PreviewState | PostingState
    reasons: tuple[str, ...] = ()
    kind: str = ""
    number: str = ""
    date: dt.date | None = None
    total: Decimal | None = None
    currency: str = ""
    codes: tuple[CodePreview, ...] = ()
    applied: tuple[AppliedPreview, ...] = ()
    payloads: tuple[Any, ...] = ()


def preview_installation(
    installation_id: int,
    *,
    ids: Sequence[str] = (),
    limit: int,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Iterator[DocumentPreview]:
    """Read the source of an installation from the beginning, or these ids, and yield the previews.

    The settings need not be stored. QuickBooks' lists are read if they are old.
    """
    setup = prepare(installation_id)
    if settings is not None:
        setup = load_setup(installation_id, settings, secrets)
    setup = replace(setup, cursors={})
    items = list(islice(drop_checkpoints(read(setup, ids)), limit))
    documents = index_documents(items)
    reconciliations = BankReconciliations(setup.installation.company_id)
    for item in items:
        codes = iter_matched_codes(setup, item) if isinstance(item, Document) else ()
        yield preview_with_matches(setup, item, tuple(codes), documents, reconciliations)


def load_codes_of_stored(document_id: int) -> tuple[CodePreview, ...]:
    """Return the codes of a document that is stored, each with the record that it stands for now.

    Neither the source nor QuickBooks is asked.
    """
    with read_only_session() as session:
        row = session.get_one(SourceDocument, document_id)
    if not row.body or row.unreadable:
        return ()
    setup = load_setup(row.installation_id)
    return tuple(iter_matched_codes(setup, load(Document, row.body)))


def index_documents(items: Iterable[Yielded]) -> Mapping[str, Document]:
    """Return the documents among the items that were read, by source id."""
    return {item.source_id: item for item in items if isinstance(item, Document)}


def preview_item(
    item: Yielded, fields: Iterable[Field], settings: RecordSettings = MappingProxyType({})
) -> DocumentPreview:
    """Return the preview of an item without a company: its codes are not matched.

    `settings` are those that name records: the preview says which of them a code comes from.
    """
    fields_by_name = {field.name: field for field in fields}
    if not isinstance(item, Document):
        return _preview_defect(item)
    codes = []
    for name, code, line in iter_codes(item):
        line_id = line.id if line else ""
        field = fields_by_name.get(name)
        if field:
            codes.append(_preview_code(field, code, line_id))
        else:
            codes.append(_preview_record(name, code, line_id, settings))
    state, reasons = _get_state_at_source(item)
    return _preview_document(item, state or _get_ready_state(item), reasons, codes=tuple(codes))


def _preview_code(field: Field, code: Code | str, line: str) -> CodePreview:
    """Return the preview of a code that is not matched."""
    is_created = field.missing == "create" and isinstance(code, Code) and bool(code.create)
    return CodePreview(
        field=field.name,
        line=line,
        code=get_code_id(code),
        name=format_code_name(code),
        role=field.role,
        result="to be matched or created" if is_created else "",
    )


def _preview_record(
    role: str, code: Code | str, line: str, settings: RecordSettings
) -> CodePreview:
    """Return the preview of a code under the name of a role: the QuickBooks id of its record."""
    record = _get_record_id(code) if role in ROLES else None
    setting = settings.get((role, record or ""))
    source = f"as the setting {setting} says" if setting else "as the document says"
    return CodePreview(
        field=role,
        line=line,
        code=get_code_id(code),
        name="" if isinstance(code, str) else format_code_name(code),
        role=role,
        record=record,
        result=source if record else UNDECLARED,
    )


def drop_checkpoints(items: Iterable[Yielded]) -> Iterator[Outcome]:
    """Yield the items that were read, without the checkpoints."""
    for item in items:
        if not isinstance(item, Checkpoint):
            yield item


def preview_with_matches(
    setup: Setup,
    item: Yielded,
    codes: tuple[CodePreview, ...],
    documents: Mapping[str, Document],
    reconciliations: BankReconciliations | None,
) -> DocumentPreview:
    """Return the preview of an item by the matches and lists of the company.

    `documents` are all that were read, because the item may apply to some of them. Without
    `reconciliations`, leave out the checks before posting, which need QuickBooks.
    """
    if not isinstance(item, Document):
        return _preview_defect(item)
    state, reasons = _get_state_at_source(item)
    if state:
        return _preview_document(item, state, reasons, codes=codes)
    preview = _preview_document(item, PreviewState.READY, (), codes=codes)
    awaited_documents = find_awaited_documents(item, documents)
    while True:
        with rolled_back() as session:
            batch = CollectBatch(session, setup, [*awaited_documents, item])
            trial = plan_and_check(batch, item, reconciliations)
            result = _add_trial(preview, batch, item, trial)
        if reconciliations is None or not reconciliations.read(trial.bank_months):
            return result


def _add_trial(
    preview: DocumentPreview, batch: CollectBatch, document: Document, trial: TrialPlan
) -> DocumentPreview:
    """Return the preview of a document with what its plan would send, or why nothing is sent."""
    reasons = trial.reasons
    state = _get_planned_state(document, trial)
    if state == PreviewState.EXCLUDED:
        reason = Sentence(
            "It is from before %(start_date)s, the app's first day.",
            start_date=str(batch.setup.installation.start_date),
        )
        reasons = (*reasons, reason)
    links = find_links(batch, document)
    payloads = [loads(posting.payload) for posting in trial.sendable if posting.payload]
    return replace(
        preview,
        state=state,
        reasons=reasons,
        applied=describe_links(document, links),
        payloads=tuple(fill_source_ids(payload, links) for payload in payloads),
    )


def _get_planned_state(document: Document, trial: TrialPlan) -> PreviewState | PostingState:
    """Return the state of a document that its source wants posted."""
    if trial.reasons:
        return PreviewState.HELD
    if trial.row.before_start == StartRule.EXCLUDED:
        return PreviewState.EXCLUDED
    if trial.sendable:
        return PreviewState.READY
    if trial.postings:
        return PostingState(trial.postings[-1].state)
    return _get_ready_state(document)


def _get_ready_state(document: Document) -> PreviewState:
    """Return the state of a document that nothing holds and that was not posted."""
    return PreviewState.UPDATE_ONLY if document.stage == Stage.UPDATE_ONLY else PreviewState.READY


def _get_state_at_source(document: Document) -> tuple[PreviewState | None, tuple[str, ...]]:
    """Return the state that the source itself gives a document, with the reason; None if ready."""
    reasons = (document.hold,) if document.hold else ()
    if document.stage in (Stage.PENDING, Stage.CLOSED):
        return PreviewState(document.stage), reasons
    if reasons:
        return PreviewState.HELD, reasons
    return None, ()


def iter_matched_codes(setup: Setup, document: Document) -> Iterator[CodePreview]:
    """Yield the codes of a document, each with the record that it stands for."""
    fields_by_name = {field.name: field for field in setup.fields}
    previews = preview_item(document, setup.fields).codes
    for (name, code, _), preview in zip(iter_codes(document), previews, strict=True):
        field = fields_by_name.get(name)
        if field:
            result = find(field, code, setup.index)
        else:
            id = _get_record_id(code)
            result = find_setting(name, id, setup.index)  # type: ignore[arg-type]
        record = result.id if isinstance(result, Ref) else None
        yield replace(preview, record=record, result=_describe_match(result))


def _get_record_id(code: Code | str) -> str:
    """Return the QuickBooks id that a code under the name of a role has."""
    if isinstance(code, str):
        return code
    return code.quickbooks_id or code.id


def _describe_match(result: object) -> str:
    """Describe the match of a code in a few words."""
    if isinstance(result, Ref):
        return result.name or result.id
    if isinstance(result, NewRecord):
        return Sentence("would be created as %(name)s", name=result.details.name)
    if isinstance(result, Missing):
        return result.explanation
    return str(result) if result else "left out"


def _preview_document(
    document: Document,
    state: PreviewState,
    reasons: tuple[str, ...],
    *,
    codes: tuple[CodePreview, ...],
) -> DocumentPreview:
    return DocumentPreview(
        source_id=document.source_id,
        state=state,
        reasons=reasons,
        kind=document.kind,
        number=document.number or "",
        date=document.date,
        total=document.total,
        currency=document.currency or "",
        codes=codes,
        applied=describe_applied(document),
    )


def _preview_defect(item: Yielded) -> DocumentPreview:
    """Return the preview of an id that is gone or cannot be read."""
    assert isinstance(item, Gone | Unreadable)
    state = PreviewState.GONE if isinstance(item, Gone) else PreviewState.UNREADABLE
    reasons = (item.reason,) if item.reason else ()
    return DocumentPreview(source_id=item.source_id, state=state, reasons=reasons)
