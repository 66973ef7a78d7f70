"""How Autotask says no: nearly always with 500 and a list of sentences."""


class Refusal(Exception):
    """An answer that is no success; without sentences its body is empty."""

    def __init__(self, status, *errors, headers=()):
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers


def wrong(text):
    """Return the error of an unacceptable request."""
    return Refusal(500, text)


def stranger():
    """Return the empty 401 for any problem with the credentials."""
    return Refusal(401, headers=[("WWW-Authenticate", 'Basic Realm="Autotask Web Services"')])
