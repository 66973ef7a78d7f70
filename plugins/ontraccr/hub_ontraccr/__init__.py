"""Ontraccr in the hub."""
