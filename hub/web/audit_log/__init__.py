"""The audit log: which requests it records, and the page that shows its entries in words.

Start reading in `audit`.
"""
