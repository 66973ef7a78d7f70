"""The settings that a hook gets: a name that the app does not have is a defect of its plugin."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any


class UnknownSetting(KeyError):
    """A plugin has read a setting that its app does not have, or that is a secret."""

    def __str__(self) -> str:
        """Return the sentence without the quotes that a KeyError puts around a name."""
        return str(self.args[0])


class SiteSettings(dict[str, Any]):
    """Settings by their names; reading another name raises UnknownSetting."""

    __slots__ = ("_secret_names",)

    def __init__(self, values: Mapping[str, Any], secret_names: Collection[str] = ()) -> None:
        super().__init__(values)
        self._secret_names = frozenset(secret_names)

    def __missing__(self, name: str) -> Any:
        """Raise UnknownSetting; say where the value is, or which name was meant."""
        if name in self._secret_names:
            raise UnknownSetting(f"{name} is a secret; read it with site.secrets[{name!r}]")
        near = get_close_matches(name, list(self), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownSetting(f"the app has no setting {name!r}{hint}")
