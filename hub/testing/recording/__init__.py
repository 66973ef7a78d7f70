"""The record of a plugin's tests: tests note facts, and a pytest plugin writes them to a file.

May import `hub.contract`. Start reading in `record`.
"""
