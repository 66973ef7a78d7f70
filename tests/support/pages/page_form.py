"""A form of a page, filled in by labels as a person does, without JavaScript."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

Attributes = list[tuple[str, str | None]]


class PageForm(HTMLParser):
    """The form of a page that is sent to a path, with the values that a browser would send."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}  # by the names of the fields
        self.required: list[str] = []  # names of fields that must not be empty
        self._path = path
        self._is_inside = False
        self._ids: dict[str, str] = {}  # of the labels' fields, by the text of the label
        self._names: dict[str, str] = {}  # of the fields, by their ids
        self._options: dict[str, dict[str, str]] = {}  # values by text, for each field
        self._label_of = self._select = ""
        self._option: str | None = None
        self._text = ""
        self.feed(page)
        self.close()
        assert self.values, f"the page has no form for {path}"

    def enter(self, label: str, text: str) -> None:
        """Type into the field with this label, or choose the option with this text.

        The number of an account may precede the text.
        """
        assert label in self._ids, f"{label!r} is no label: {sorted(self._ids)}"
        name = self._names[self._ids[label]]
        options = self._options.get(name)
        if options is None:
            self.values[name] = text
            return
        fitting = [option for option in options if option == text or option.endswith(f" {text}")]
        assert len(fitting) == 1, f"{label!r} offers {fitting} for {text!r}: {sorted(options)}"
        self.values[name] = options[fitting[0]]

    def choose_any(self) -> None:
        """Choose the first option of each required list without a choice."""
        for name in self.required:
            options = [value for value in self._options.get(name, {}).values() if value]
            if not self.values[name] and options:
                self.values[name] = options[0]

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = urlsplit(values.get("action", "")).path == self._path
        elif not self._is_inside:
            return
        elif tag == "label":
            self._label_of, self._text = values.get("for", ""), ""
        elif tag in ("input", "select", "textarea"):
            self._begin_field(tag, values)
        elif tag == "option" and self._select:
            self._begin_option(values)

    def _begin_field(self, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        self._names[values.get("id", "")] = name
        if values.get("type") in ("checkbox", "radio") and "checked" not in values:
            return
        self.values[name] = values.get("value", "")
        if "required" in values:
            self.required.append(name)
        if tag == "select":
            self._select = name
            self._options[name] = {}

    def _begin_option(self, values: dict[str, str]) -> None:
        self._option, self._text = values.get("value"), ""
        if "selected" in values:
            self.values[self._select] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        text = self._text.removesuffix("*").removesuffix("(optional)").strip()
        if tag == "form":
            self._is_inside = False
        elif tag == "label" and self._label_of:
            self._ids[text] = self._label_of
            self._label_of = ""
        elif tag == "option" and self._select:
            value = text if self._option is None else self._option
            self._options[self._select][text] = value
        elif tag == "select":
            self._select = ""
