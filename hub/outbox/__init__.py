"""The outbox: planned postings, their keys and states, and what people decide about them.

`hub.collect` plans postings here; `hub.posting` takes them from here, claims and sends them.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.models` and `hub.reasons`. Start
reading in `planning`, then `conditions` and `transitions`.
"""

from hub.mapping.placeholders import format_placeholder
from hub.outbox.conditions import (
    IS_CURRENT,
    IS_FETCHABLE,
    MAX_PAUSE,
    WAS_POSTED,
    get_remover,
    is_due,
    is_removal_by_person,
    was_posted,
)
from hub.outbox.document_counts import (
    COUNTED_FILE_STATES,
    COUNTED_STATES,
    count_all_files,
    count_by_installation,
    count_documents,
    count_documents_of_each,
    count_files,
    count_postponed_changes,
    has_posted,
)
from hub.outbox.earlier_postings import has_left
from hub.outbox.identity import (
    build_identity,
    compute_fingerprint,
    derive_batch_id,
    derive_marker,
    derive_request_id,
)
from hub.outbox.keys import may_have_landed, was_sent
from hub.outbox.placeholders import (
    REQUESTED_BY,
    find_awaited_ids,
    find_creation_requester,
    find_dependents,
    get_line_ids,
    load_matched_records,
    match_created_record,
)
from hub.outbox.plan_values import (
    Content,
    Disposition,
    PartOperation,
    PostingPlan,
    RemovalSummary,
    Repetition,
)
from hub.outbox.planning import approve_when_planned, find_unfinished, load_history, plan_posting
from hub.outbox.posted_sums import SIDES, sum_posted_by_currency, sum_posted_by_kind
from hub.outbox.states import (
    DEPARTED,
    IN_FLIGHT,
    REMOVALS,
    RETRYABLE,
    SENDABLE,
    UNDER_WAY,
    UNFINISHED,
    UNSENT,
)
from hub.outbox.sums import apply_sign, get_sign_of_kind
from hub.outbox.transitions import (
    approve,
    approve_all,
    mark_for_reread,
    require_checks,
    retry,
    return_to_review,
    skip,
    withdraw,
)

__all__ = [
    "COUNTED_FILE_STATES",
    "COUNTED_STATES",
    "DEPARTED",
    "IN_FLIGHT",
    "IS_CURRENT",
    "IS_FETCHABLE",
    "MAX_PAUSE",
    "REMOVALS",
    "REQUESTED_BY",
    "RETRYABLE",
    "SENDABLE",
    "SIDES",
    "UNDER_WAY",
    "UNFINISHED",
    "UNSENT",
    "WAS_POSTED",
    "Content",
    "Disposition",
    "PartOperation",
    "PostingPlan",
    "RemovalSummary",
    "Repetition",
    "apply_sign",
    "approve",
    "approve_all",
    "approve_when_planned",
    "build_identity",
    "compute_fingerprint",
    "count_all_files",
    "count_by_installation",
    "count_documents",
    "count_documents_of_each",
    "count_files",
    "count_postponed_changes",
    "derive_batch_id",
    "derive_marker",
    "derive_request_id",
    "find_awaited_ids",
    "find_creation_requester",
    "find_dependents",
    "find_unfinished",
    "format_placeholder",
    "get_line_ids",
    "get_remover",
    "get_sign_of_kind",
    "has_left",
    "has_posted",
    "is_due",
    "is_removal_by_person",
    "load_history",
    "load_matched_records",
    "mark_for_reread",
    "match_created_record",
    "may_have_landed",
    "plan_posting",
    "require_checks",
    "retry",
    "return_to_review",
    "skip",
    "sum_posted_by_currency",
    "sum_posted_by_kind",
    "was_posted",
    "was_sent",
    "withdraw",
]
