"""Who a person is and may do what: log-in, second factor, sessions, the guard of every route.

Start reading in `access`.
"""
