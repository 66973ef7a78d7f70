"""The HTTP calls of a hook and their responses: observed, recorded, or answered with an error.

Each wraps the stand-in of a bench while a hook is called. May import the bench, `hub.contract` and
`hub.errors`. Start reading in `hook_calls`.
"""
