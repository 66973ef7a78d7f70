"""Decisions of people about postings: retry, adopt, skip and undo.

Imports the other packages of `hub.posting`. Start reading in `retries` and `manual`.
"""
