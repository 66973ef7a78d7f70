"""The browser of a session as people call it."""

from hub.translations.messages import gettext


def describe_browser(text: str) -> str:
    """Return the browser and the system that a user agent names, as far as it is readable."""
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS X": "macOS",
        "Linux": "Linux",
    }
    browser = _find_first_word(browsers | {"Safari": "Safari"}, text)
    system = _find_first_word(systems, text)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or text[:60] or gettext("Unknown browser")


def _find_first_word(words: dict[str, str], text: str) -> str:
    """Return the name of the first word that a text contains."""
    return next((name for word, name in words.items() if word in text), "")
