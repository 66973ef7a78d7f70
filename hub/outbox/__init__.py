"""The outbox: postings on their way, their keys, and every change of their state.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.mapping`, `hub.models` and `hub.reasons`. Start
reading in `planning`, then `claims` and `transitions`.
"""

from hub.outbox.claims import BatchPlace, ClaimedPosting, claim, lock_claimed
from hub.outbox.conditions import IS_CURRENT, MAX_PAUSE, get_remover, is_due, is_removal_by_person
from hub.outbox.hub_statistics import count_by_installation
from hub.outbox.identity import batch_id, fingerprint, identity_of, marker, request_id
from hub.outbox.keys import key_of, may_have_landed, rekey, was_sent
from hub.outbox.main_posting import (
    counts_for_its_part,
    is_same_transaction,
    main_posting_id,
    state_column,
)
from hub.outbox.placeholders import (
    REQUESTED_BY,
    creation_requested_by,
    fill,
    find_awaited_ids,
    find_dependents,
    format_placeholder,
    line_ids,
    match_created_record,
    matched_records,
)
from hub.outbox.planning import approve_when_planned, find_active, load_history, plan
from hub.outbox.plans import (
    Content,
    Disposition,
    PartOperation,
    RemovalSummary,
    Repetition,
)
from hub.outbox.releases import (
    postpone,
    release_checked,
    release_waiting,
    resume,
    withdraw_superseded,
)
from hub.outbox.states import IN_FLIGHT, REMOVALS, RETRYABLE, UNSENT
from hub.outbox.statistics import (
    COUNTED_STATES,
    apply_sign,
    count_documents,
    count_documents_of_each,
    count_files,
    posted_sums,
    sign_of_kind,
    states_of_documents,
    sums_by_kind,
)
from hub.outbox.transitions import (
    approve,
    approve_all,
    mark_for_reread,
    retry,
    return_to_review,
    skip,
    store_result,
    withdraw,
)

__all__ = [
    "COUNTED_STATES",
    "IN_FLIGHT",
    "IS_CURRENT",
    "MAX_PAUSE",
    "REMOVALS",
    "REQUESTED_BY",
    "RETRYABLE",
    "UNSENT",
    "BatchPlace",
    "ClaimedPosting",
    "Content",
    "Disposition",
    "PartOperation",
    "RemovalSummary",
    "Repetition",
    "apply_sign",
    "approve",
    "approve_all",
    "approve_when_planned",
    "batch_id",
    "claim",
    "count_by_installation",
    "count_documents",
    "count_documents_of_each",
    "count_files",
    "counts_for_its_part",
    "creation_requested_by",
    "fill",
    "find_active",
    "find_awaited_ids",
    "find_dependents",
    "fingerprint",
    "format_placeholder",
    "get_remover",
    "identity_of",
    "is_due",
    "is_removal_by_person",
    "is_same_transaction",
    "key_of",
    "line_ids",
    "load_history",
    "lock_claimed",
    "main_posting_id",
    "mark_for_reread",
    "marker",
    "match_created_record",
    "matched_records",
    "may_have_landed",
    "plan",
    "posted_sums",
    "postpone",
    "rekey",
    "release_checked",
    "release_waiting",
    "request_id",
    "resume",
    "retry",
    "return_to_review",
    "sign_of_kind",
    "skip",
    "state_column",
    "states_of_documents",
    "store_result",
    "sums_by_kind",
    "was_sent",
    "withdraw",
    "withdraw_superseded",
]
