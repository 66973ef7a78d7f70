"""Reconciliations as pages, files and PDF.

Start reading in `reconciliations`.
"""
