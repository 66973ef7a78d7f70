"""The database: the engine, transactions, statements for many rows, and its identity.

Imports only modules without dependencies. Start reading in `engine`.
"""
