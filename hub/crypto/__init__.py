"""Cryptography: the keys of a data folder and the vault that seals secrets.

Imports only `hub.errors`. Start reading in `vault`.
"""
