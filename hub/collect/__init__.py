"""Collecting: documents are read from a source, mapped, and planned as postings in the outbox.

A document passes `read`, `commit`, `intake`, `planning` and `batch`, in this order. The planning
writes nothing and returns a `DocumentPlan` (module `document_plan`). `intake` places the records
that the plan names, and `CollectBatch.apply` carries the plan out.

Imports `hub.cases`, `hub.contract`, `hub.db`, `hub.http`, `hub.mapping`, `hub.models`,
`hub.outbox`, `hub.payloads`, `hub.qbo`, `hub.reasons` and `hub.sources`, never `hub.posting`. Start
reading in `run`.
"""
