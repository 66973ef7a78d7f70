"""Codes of sources: their matches, suggestions, files, and new records in QuickBooks.

Start reading in `matching`.
"""
