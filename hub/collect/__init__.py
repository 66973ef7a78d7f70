"""Collecting: documents are read from a source, mapped, and planned as postings in the outbox.

A document passes `read`, `commit`, `intake`, `planning` and `batch`, in this order. The planners
return a `DocumentPlan`; `CollectBatch.apply` carries it out.

Imports `hub.sources`, `hub.mapping`, `hub.outbox` and `hub.qbo`, never `hub.posting`. Start reading
in `run`.
"""
