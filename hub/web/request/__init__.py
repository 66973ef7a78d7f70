"""What every request passes: client address, headers, cookies, request ids, and ids in addresses.

Start reading in `headers`.
"""
