"""Fill in a form of a page again with values that were entered earlier.

Hidden fields, passwords and files stay as the page has them, and no button is pressed.
"""

from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

Attributes = list[tuple[str, str | None]]
Form = MultiDict[str, str]
TYPED_INPUTS = frozenset(
    {"text", "search", "email", "url", "tel", "number", "date", "time", "datetime-local"}
)
# Hidden fields that differ from one time that a page is shown to the next.
NOT_COMPARED = frozenset({"csrf_token", "draft", "listed", "newest", "of_company"})
OTHER_FORM = -1000  # the score of a hidden field with another value than the one that was sent


def fill(page: str, path: str, form: Form, note: str, *, note_without_form: str) -> str:
    """Return the page with the values in its form that is sent to `path`, and a note above it.

    If the page does not have this form, the other note is at its beginning. Notes are HTML.
    """
    finder = _FormFinder(path, form)
    finder.feed(page)
    finder.close()
    if finder.number is None:
        start_of_main = page.find(">", page.find("<main")) + 1
        return page[:start_of_main] + note_without_form + page[start_of_main:]
    writer = _PageWriter(finder.number, finder.form_id, form, note)
    writer.feed(page)
    writer.close()
    return "".join(writer.parts)


class _FormFinder(HTMLParser):
    """Find the form of a path; of several, the one whose hidden fields are as they were sent."""

    def __init__(self, path: str, form: Form) -> None:
        super().__init__()
        self.number: int | None = None  # the number of the form in the order of the page
        self.form_id = ""
        self._path = path
        self._form = form
        self._count = 0
        self._candidate_id: str | None = None  # the id of the form that is being read
        self._score = 0
        self._best_score = -1

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Note a form of the path, and compare its hidden fields."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._begin_form(values)
        elif self._candidate_id is not None and values.get("type") == "hidden":
            self._compare(values)

    def _begin_form(self, values: dict[str, str]) -> None:
        """Note a form if it is sent to the path."""
        self._count += 1
        is_post = values.get("method", "").lower() == "post"
        if is_post and urlsplit(values.get("action", "")).path == self._path:
            self._candidate_id = values.get("id", "")
            self._score = 0

    def _compare(self, values: dict[str, str]) -> None:
        """Count a hidden field whose value is the one that was sent; another value rules it out."""
        name = values.get("name", "")
        if name in NOT_COMPARED or name not in self._form:
            return
        if values.get("value", "") in self._form.getlist(name):
            self._score += 1
        else:
            self._score += OTHER_FORM

    def handle_endtag(self, tag: str) -> None:
        """Keep the form that fits best so far."""
        if tag != "form" or self._candidate_id is None:
            return
        if self._score > self._best_score:
            self.number, self.form_id = self._count, self._candidate_id
            self._best_score = self._score
        self._candidate_id = None


class _PageWriter(HTMLParser):
    """Repeat a page, with other values in the fields of one form and a note above it."""

    def __init__(self, number: int, form_id: str, form: Form, note: str) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._number = number
        self._form_id = form_id
        self._form = form
        self._note = note
        self._count = 0
        self._is_inside = False
        self._chosen: list[str] | None = None  # the values of the list that is being read
        self._option: tuple[int, Attributes] | None = None  # one whose value is its text
        self._option_text = ""
        self._is_replaced = False  # the text of the area that is being read

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Repeat a tag; those of the form's fields get the values."""
        text = self.get_starttag_text() or ""
        if tag == "form":
            self._count += 1
            self._is_inside = self._count == self._number
            self.parts.append(f"{self._note}{text}" if self._is_inside else text)
        elif tag == "option":
            self._close_option()
            self.parts.append(self._build_option(text, attrs))
        elif tag in ("input", "select", "textarea") and self._is_of_form(attrs):
            self.parts.append(self._build_field(tag, text, attrs))
        else:
            self.parts.append(text)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        """Repeat a tag that is closed at once."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Repeat the end of an element."""
        if tag in ("option", "select"):
            self._close_option()
        if tag == "select":
            self._chosen = None
        elif tag == "textarea":
            self._is_replaced = False
        elif tag == "form":
            self._is_inside = False
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Repeat a text, except that of an area that was filled in."""
        if self._option is not None:
            self._option_text += data
        if not self._is_replaced:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        """Repeat a character that has a name."""
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Repeat a character that has a number."""
        self.handle_data(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        """Repeat a comment."""
        self.parts.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        """Repeat the type of the document."""
        self.parts.append(f"<!{decl}>")

    def _is_of_form(self, attrs: Attributes) -> bool:
        """Return whether a field belongs to the form, inside it or by its id."""
        form_id = dict(attrs).get("form")
        return form_id == self._form_id if form_id else self._is_inside

    def _build_field(self, tag: str, text: str, attrs: Attributes) -> str:
        """Return the tag of a field with its value."""
        name = dict(attrs).get("name") or ""
        if tag == "input":
            return self._build_input(name, text, attrs)
        if name not in self._form:
            return text
        if tag == "select":
            self._chosen = self._form.getlist(name)
            return text
        self._is_replaced = True
        return f"{text}\n{escape(self._form[name])}"  # a browser ignores the first line end

    def _build_input(self, name: str, text: str, attrs: Attributes) -> str:
        """Return the tag of an input with its value."""
        kind = dict(attrs).get("type") or "text"
        if kind == "checkbox":  # one that is not ticked is not sent
            return self._build_checkbox(name, attrs)
        if name not in self._form:
            return text
        if kind == "radio":
            return self._build_checkbox(name, attrs)
        if kind not in TYPED_INPUTS:
            return text
        others = [(key, value) for key, value in attrs if key != "value"]
        return _build_tag("input", [*others, ("value", self._form[name])])

    def _build_checkbox(self, name: str, attrs: Attributes) -> str:
        """Return the tag of a box to tick; one that was not sent is not ticked."""
        value = dict(attrs).get("value") or "on"
        return _build_tag("input", attrs, "checked", is_on=value in self._form.getlist(name))

    def _build_option(self, text: str, attrs: Attributes) -> str:
        """Return the tag of an option, chosen or not; one without a value waits for its text."""
        if self._chosen is None:
            return text
        values = dict(attrs)
        if "value" not in values:
            self._option = (len(self.parts), attrs)
            self._option_text = ""
            return text
        return _build_tag(
            "option", attrs, "selected", is_on=(values["value"] or "") in self._chosen
        )

    def _close_option(self) -> None:
        """Choose the option that has ended if its text is a value."""
        if self._option is None or self._chosen is None:
            return
        place, attrs = self._option
        is_chosen = unescape(self._option_text).strip() in self._chosen
        self.parts[place] = _build_tag("option", attrs, "selected", is_on=is_chosen)
        self._option = None


def _build_tag(tag: str, attrs: Attributes, switch: str = "", *, is_on: bool = False) -> str:
    """Return a tag with its attributes; the attribute `switch` is there only if it is on."""
    parts = [tag]
    for name, value in attrs:
        if name != switch:
            parts.append(name if value is None else f'{name}="{escape(value)}"')
    if is_on:
        parts.append(switch)
    return f"<{' '.join(parts)}>"
