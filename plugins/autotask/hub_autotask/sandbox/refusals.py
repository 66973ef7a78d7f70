"""How Autotask says no: nearly always with 500 and a list of sentences."""


class Refusal(Exception):
    """An answer that is no success; without sentences its body is empty."""

    def __init__(self, status, *errors, headers=()):
        super().__init__(*errors)
        self.status, self.errors, self.headers = status, errors, headers


def wrong(text):
    """What is asked is not as agreed."""
    return Refusal(500, text)


def stranger():
    """Whatever is wrong with the credentials: an empty 401."""
    return Refusal(401, headers=[("WWW-Authenticate", 'Basic Realm="Autotask Web Services"')])
