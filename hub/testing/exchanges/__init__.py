"""The HTTP calls of a hook and their responses: observed, recorded, or answered with an error.

Each class takes the place of the stand-in while a hook is called. May import `bench`, `fakes`,
`hub.contract` and `hub.errors`. Start reading in `hook_calls`.
"""
