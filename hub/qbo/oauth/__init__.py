"""Connections to QuickBooks companies: consent, tokens, renewal, expiry and verification.

Imports the transport of `hub.qbo` and what lies below that package. Start reading in `connect`.
"""
