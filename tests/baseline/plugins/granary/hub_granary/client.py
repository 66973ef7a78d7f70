"""Granary's API, and only the calls that the app makes."""

RATE = "100/15s"  # how often Granary may be called


class Granary:
    def __init__(self, site):
        self._http, self._base = site.http, site.settings["base_url"].rstrip("/")
        self._headers = {"X-Key": site.secrets["key"]}

    def get(self, path, **params):
        return (
            self._http.request("GET", self._base + path, params=params, headers=self._headers)
            .check()
            .json()
        )

    def put(self, path, body):
        self._http.request("PUT", self._base + path, json=body, headers=self._headers).check()

    def pages(self, path, cursor):
        more = True
        while more:
            page = self.get(path, after=cursor or "")
            cursor, more = page["next"], page["more"]
            yield page["rows"], cursor
