"""The pages for people: upload, change, hold back and delete payables; link profiles."""

from hub_ontraccr.sandbox import checks, company, views, wire
from qbo_sandbox import kit
from qbo_sandbox.kit import PageRefused, encode_row, query_of
from qbo_sandbox.kit.strict import Wrong

CHANGES = ("number", "date", "due", "type", "description")
FILES = {
    "pdf": "a PDF",
    "html": "a web page",
    "large": "a file that is too large",
    "missing": "a file that gets lost",
}


class Pages(kit.Pages):
    """What a person sees of Ontraccr and does in it."""

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
        ("POST", rf"/profiles/({'|'.join(company.KINDS)})/([^/]+)/(link|unlink|class)", "relink"),
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
        if not parts or parts[0] in self._books.payables:
            return True
        return self._is_profile(*parts)

    def _is_profile(self, kind, id="", act=""):
        return id in self._books.profiles.rows.get(kind, ())

    # -- looking --------------------------------------------------------------------------------

    def home(self, environ):
        division = query_of(environ).get("division", company.WEST)
        rows = []
        for raw in self._books.payables.values():
            if raw["division"] == division:
                rows.append(self._row(raw))
        return self.render_list(environ, "home", rows, division=division)

    def _row(self, raw):
        row = views.payable(self._books, raw)
        vendor = (row["vendor"] or {}).get("name", "")
        searched = f"{row['number']} {vendor} {raw['case']}"
        return {
            **row,
            "case": raw["case"],
            "last_status": self._books.status(row["id"]),
            "searched": searched,
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
        return self._books.default.get(division)

    def _lists(self, division):
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
        raw = self._books.payables[id]
        lists = self._lists(raw["division"])
        default = self._default(raw["division"])
        names = {row["id"]: row for kind in ("projects", "codes") for row in lists[kind]}
        statuses = self._books.statuses.get(id, [])
        about = {
            "payable": self._row(raw),
            "statuses": statuses,
            "names": names,
            "files": FILES,
            "default": default,
        }
        return self.render(environ, "payable", **about, **lists)

    def profiles(self, environ):
        division = query_of(environ).get("division", company.WEST)
        groups = {kind: self._all(kind, division) for kind in company.KINDS}
        classes = self._books.list(division, "classes")
        return self.render(
            environ,
            "profiles",
            division=division,
            groups=groups,
            sorts=company.KINDS,
            classes=classes,
        )

    def integration(self, environ):
        lists = {
            division["id"]: {name: self._books.list(division["id"], name) for name in company.LISTS}
            for division in company.DIVISIONS
        }
        state = {
            "activated": self._books.activated,
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
        """Add a payable with one line; change it to add more lines."""
        net = checks.amount(form.get("amount", ""))
        tax = checks.amount(form.get("tax") or "0")
        if net is None or tax is None:
            raise PageRefused("An amount with at most two decimals is needed.")
        division = form["division"]
        id = self._books.next_id()
        chosen = form.get("account") or ""
        line = {
            "id": f"{id}-1",
            "project": form.get("project") or None,
            "cost_code": form.get("cost_code") or None,
            "description": form.get("description") or "",
            "quantity": "1",
            "unit_cost": str(net),
            "amount": str(net),
            "tax": str(tax),
        }
        fields = {
            "division": division,
            "type": form.get("type", "bill"),
            "account": f"={chosen}" if chosen and chosen != self._default(division) else None,
            "tax_code": None,
            "vendor": form.get("vendor") or None,
            "number": form.get("number") or None,
            "date": form.get("date"),
            "due": form.get("due") or None,
            "description": form.get("description") or None,
            "lines": [line],
            "files": ["pdf"] if form.get("file") else [],
            "uploaded_by": form.get("person", company.PEOPLE[0]),
        }
        self._books.do("upload", payable=id, fields=fields)
        self._calls.tell(division, "payable.changed", id)
        return f"/payables/{id}"

    def act(self, form, id, act):
        getattr(self, f"_{act}")(form, id)
        self._calls.tell(self._books.payables[id]["division"], "payable.changed", id)
        return f"/payables/{id}"

    def _edit(self, form, id):
        fields = _filled_values(form, CHANGES)
        if "account" in form:
            account = form["account"]
            fields["account"] = f"={account}" if account else None
        line = _filled_values(form, ("project", "cost_code"))
        if form.get("amount"):
            net = checks.amount(form["amount"])
            if net is None:
                raise PageRefused("An amount with at most two decimals is needed.")
            line |= {"quantity": "1", "unit_cost": str(net), "amount": str(net)}
        self._books.do("edit", payable=id, fields=fields, line=line)

    def _hold(self, form, id):
        self._books.do(
            "edit",
            payable=id,
            fields={"held_by": form.get("person", company.PEOPLE[0])},
        )

    def _release(self, form, id):
        self._books.do("edit", payable=id, fields={"held_by": None})

    def _attach(self, form, id):
        if form.get("file") not in FILES:
            raise PageRefused(f"One of {', '.join(FILES)} is needed.")
        self._books.do("attach", payable=id, file=form["file"])

    def _delete(self, form, id):
        self._books.do("delete", payable=id)

    def relink(self, form, kind, id, act):
        if act == "unlink":
            self._books.do("unlink", kind=kind, id=id)
        elif act == "class":
            self._books.do(
                "profile",
                kind=kind,
                id=id,
                fields={"class": form.get("class") or None},
            )
        else:
            link = {name: form.get(name, "").strip() for name in wire.LINK.values()}
            link["external_name"] = link["external_name"] or link["external_id"]
            try:
                checks.link(encode_row(link, wire.LINK))
            except Wrong as wrong:
                raise PageRefused(str(wrong)) from None
            self._books.do(
                "link",
                kind=kind,
                id=id,
                link={**link, "who": form.get("person", company.PEOPLE[0])},
            )
        division = self._books.profiles.rows[kind][id]["division_id"]
        self._calls.tell(division, "profile.changed", id)
        return f"/profiles?division={division}"

    def activate(self, form):
        self._books.do("activate", on=form.get("on") == "yes")
        return "/integration"


def _filled_values(form, names):
    """Return the named values of a form that are not empty."""
    return {name: form[name] for name in names if form.get(name)}
