"""Copies of the database: moving to PostgreSQL, backups and restoring them.

Imports `hub.posting.recovery`, `hub.security`, `hub.migrations` and `hub.db`. Start reading in
`move`.
"""
