"""Autotask in the hub."""
