"""Copies of the database: moving to PostgreSQL, backups and restoring them.

Imports `hub.crypto`, `hub.db`, `hub.migrations`, `hub.models`, `hub.posting.recovery` and
`hub.security`. Start reading in `move`.
"""
