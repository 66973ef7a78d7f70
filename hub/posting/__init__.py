"""Conductor two: takes postings from the outbox to QuickBooks, each exactly once, and tells the source."""
