"""The steps of every request: client address, headers, cookies, request ids, ids in addresses.

Start reading in `headers`.
"""
