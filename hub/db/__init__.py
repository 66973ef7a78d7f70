"""The database: the engine, transactions, statements for many rows, and its identity.

Imports `hub.http` for deadlines, and modules without dependencies. Start reading in `engine`.
"""
