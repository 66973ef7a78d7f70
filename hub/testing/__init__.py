"""Tools for plugin authors' tests: a fake clock, a test bench, golden files, the contract suite.

Imports every package and `qbo_sandbox`. Start reading in `contract`.
"""
