"""The database: the engine, transactions, and statements for many rows.

Imports `hub.http` for deadlines, and modules without dependencies. Start reading in `engine`.
"""
