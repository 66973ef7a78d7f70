"""The refusals of Autotask, nearly always with status 500 and a list of sentences."""


class Refusal(Exception):
    """An answer with an error status; without sentences its body is empty."""

    def __init__(self, status, *errors, headers=()):
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers


def bad_request(text):
    """Return the error of an unacceptable request."""
    return Refusal(500, text)


def unauthorized():
    """Return the empty 401 for any problem with the credentials."""
    return Refusal(401, headers=[("WWW-Authenticate", 'Basic Realm="Autotask Web Services"')])
