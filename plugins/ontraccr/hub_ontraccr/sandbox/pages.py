"""The pages: upload, change, hold back and delete payables; link profiles."""

from hub_ontraccr.sandbox import checks, company, encoding, views
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused, encode_row, query_of
from qbo_sandbox.kit.strict import CallRefused

EDITABLE_FIELDS = ("number", "date", "due", "type", "description")
FILE_CHOICES = {
    "pdf": "a PDF",
    "html": "a web page",
    "large": "a file that is too large",
    "missing": "a file that gets lost",
}


class Pages(kit.Pages):
    """The pages of Ontraccr."""

    name = "Ontraccr"
    package = "hub_ontraccr.sandbox"
    colour = "#8a5a1f"
    menu = (
        ("/", "Payables"),
        ("/profiles", "Profiles"),
        ("/integration", "Settings → Integrations → QuickBooks"),
    )
    routes = (
        ("GET", r"/", "home"),
        ("GET", r"/upload", "slider"),
        ("POST", r"/upload", "upload"),
        ("GET", r"/payables/([^/]+)", "payable"),
        ("POST", r"/payables/([^/]+)/(edit|hold|release|attach|delete)", "act"),
        ("GET", r"/profiles", "profiles"),
        (
            "POST",
            rf"/profiles/({'|'.join(company.RECORD_TYPES_BY_KIND)})/([^/]+)/(link|unlink|class)",
            "relink",
        ),
        ("GET", r"/integration", "integration"),
        ("POST", r"/integration", "activate"),
    )

    def __init__(self, books, calls):
        super().__init__()
        self._books = books
        self._calls = calls
        self.templates.globals |= {
            "account": company.NAME,
            "divisions": company.DIVISIONS,
            "people": company.PEOPLE,
        }
        self.templates.filters["money"] = lambda amount: f"{amount:,.2f}"

    def is_known(self, environ, *parts):
        """Return whether there is a payable or profile with the id of a path."""
        if not parts or parts[0] in self._books.payables:
            return True
        return self._is_profile(*parts)

    def _is_profile(self, kind, id="", act=""):
        """Return whether there is a profile of a kind with this id."""
        return id in self._books.profiles.rows.get(kind, ())

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        """Show the payables of a division."""
        division = query_of(environ).get("division", company.WEST)
        rows = []
        for raw in self._books.payables.values():
            if raw["division"] == division:
                rows.append(self._row(raw))
        return self.render_list(environ, "home", rows, division=division)

    def _row(self, raw):
        """Return a payable as its list shows it."""
        row = views.payable(self._books, raw)
        vendor = (row["vendor"] or {}).get("name", "")
        search_text = f"{row['number']} {vendor} {raw['case']}"
        return {
            **row,
            "case": raw["case"],
            "last_status": self._books.status(row["id"]),
            "searched": search_text,
        }

    def slider(self, environ):
        """Show the upload slider with the default purchase account preselected."""
        division = query_of(environ).get("division", company.WEST)
        return self.render(
            environ,
            "upload",
            division=division,
            default=self._default(division),
            **self._lists(division),
        )

    def _default(self, division):
        """Return the default purchase account of a division."""
        return self._books.default.get(division)

    def _lists(self, division):
        """Return the lists that the forms of a division offer."""
        return {
            "accounts": self._books.list(division, "purchase-accounts"),
            "vendors": self._all("vendors", division),
            "projects": self._all("projects", division),
            "codes": self._all("cost-codes", division),
        }

    def _all(self, kind, division):
        """Return the profiles of a division, by their numbers and names."""
        rows = []
        for row in self._books.profiles.rows[kind].values():
            if row["division_id"] == division:
                rows.append(views.profile(self._books, kind, row))
        return sorted(rows, key=lambda row: (row["number"] or "", row["name"]))

    def payable(self, environ, id):
        """Show one payable with the forms that change it."""
        raw = self._books.payables[id]
        lists = self._lists(raw["division"])
        default = self._default(raw["division"])
        names = {row["id"]: row for kind in ("projects", "codes") for row in lists[kind]}
        statuses = self._books.statuses.get(id, [])
        context = {
            "payable": self._row(raw),
            "statuses": statuses,
            "names": names,
            "files": FILE_CHOICES,
            "default": default,
        }
        return self.render(environ, "payable", **context, **lists)

    def profiles(self, environ):
        """Show the profiles of a division with their links."""
        division = query_of(environ).get("division", company.WEST)
        groups = {kind: self._all(kind, division) for kind in company.RECORD_TYPES_BY_KIND}
        classes = self._books.list(division, "classes")
        return self.render(
            environ,
            "profiles",
            division=division,
            groups=groups,
            sorts=company.RECORD_TYPES_BY_KIND,
            classes=classes,
        )

    def integration(self, environ):
        """Show the lists from QuickBooks, and the last webhook calls."""
        lists = {
            division["id"]: {name: self._books.list(division["id"], name) for name in company.LISTS}
            for division in company.DIVISIONS
        }
        state = {
            "activated": self._books.is_activated,
            "hubs": self._books.hubs,
            "last": self._calls.last,
        }
        return self.render(
            environ,
            "integration",
            lists=lists,
            defaults=self._books.default,
            **state,
        )

    # -- acting ---------------------------------------------------------------------------------

    def upload(self, form):
        """Add a payable with one line; a person gives it more lines by changing it."""
        division = form["division"]
        id = self._books.next_id()
        fields = {
            "division": division,
            "type": form.get("type", "bill"),
            "account": self._chosen_account(form, division),
            "tax_code": None,
            "date": form.get("date"),
            "lines": [_read_line(form, f"{id}-1")],
            "files": ["pdf"] if form.get("file") else [],
            "uploaded_by": form.get("person", company.PEOPLE[0]),
        }
        for name in ("vendor", "number", "due", "description"):
            fields[name] = form.get(name) or None
        self._books.do("upload", payable=id, fields=fields)
        self._calls.notify(division, "payable.changed", id)
        return f"/payables/{id}"

    def _chosen_account(self, form, division):
        """Return the account that the uploader chose; None if it is the preselected one."""
        account_id = form.get("account")
        if not account_id or account_id == self._default(division):
            return None
        return f"={account_id}"

    def act(self, form, id, act):
        """Change a payable as a person does, and call the hub."""
        getattr(self, f"_{act}")(form, id)
        self._calls.notify(self._books.payables[id]["division"], "payable.changed", id)
        return f"/payables/{id}"

    def _edit(self, form, id):
        """Change fields of a payable, and its first line."""
        fields = _list_filled_values(form, EDITABLE_FIELDS)
        if "account" in form:
            account = form["account"]
            fields["account"] = f"={account}" if account else None
        line = _list_filled_values(form, ("project", "cost_code"))
        if form.get("amount"):
            line |= _read_cost(form)
        self._books.do("edit", payable=id, fields=fields, line=line)

    def _hold(self, form, id):
        """Hold a payable back from QuickBooks."""
        person = form.get("person", company.PEOPLE[0])
        self._books.do("edit", payable=id, fields={"held_by": person})

    def _release(self, form, id):
        """Release a payable that is held back."""
        self._books.do("edit", payable=id, fields={"held_by": None})

    def _attach(self, form, id):
        """Add a file to a payable."""
        if form.get("file") not in FILE_CHOICES:
            raise PageRefused(f"One of {', '.join(FILE_CHOICES)} is needed.")
        self._books.do("attach", payable=id, file=form["file"])

    def _delete(self, form, id):
        """Delete a payable."""
        self._books.do("delete", payable=id)

    def relink(self, form, kind, id, act):
        """Change the link or the class of a profile, and call the hub."""
        if act == "unlink":
            self._books.do("unlink", kind=kind, id=id)
        elif act == "class":
            fields = {"class": form.get("class") or None}
            self._books.do("profile", kind=kind, id=id, fields=fields)
        else:
            self._books.do("link", kind=kind, id=id, link=_read_link(form))
        division = self._books.profiles.rows[kind][id]["division_id"]
        self._calls.notify(division, "profile.changed", id)
        return f"/profiles?division={division}"

    def activate(self, form):
        """Switch the integration on or off."""
        self._books.do("activate", on=form.get("on") == "yes")
        return "/integration"


def _read_line(form, id):
    """Return the one line of a new payable."""
    tax = _read_amount(form.get("tax") or "0")
    return {
        "id": id,
        "project": form.get("project") or None,
        "cost_code": form.get("cost_code") or None,
        "description": form.get("description") or "",
        **_read_cost(form),
        "tax": str(tax),
    }


def _read_cost(form):
    """Return the amount of a form, with a quantity of one."""
    net = str(_read_amount(form.get("amount", "")))
    return {"quantity": "1", "unit_cost": net, "amount": net}


def _read_amount(text):
    """Return an amount of a form; refuse a text that is none."""
    amount = checks.parse_amount(text)
    if amount is None:
        raise PageRefused("An amount with at most two decimals is needed.")
    return amount


def _read_link(form):
    """Return the link in a form and its author; refuse a link that the API would refuse."""
    link = {name: form.get(name, "").strip() for name in encoding.LINK.values()}
    link["external_name"] = link["external_name"] or link["external_id"]
    try:
        checks.read_link(encode_row(link, encoding.LINK))
    except CallRefused as wrong:
        raise PageRefused(str(wrong)) from None
    return {**link, "who": form.get("person", company.PEOPLE[0])}


def _list_filled_values(form, names):
    """Return the named values of a form that are not empty."""
    return {name: form[name] for name in names if form.get(name)}
