import re
from gettext import NullTranslations
from html.parser import HTMLParser
from hub.web import viewer
from tests.unit.web.test_pages import _addresses


class Marked(NullTranslations):
    def gettext(self, t):
        return f"⟦{t}⟧"

    def ngettext(self, s, p, n):
        return f"⟦{s if n == 1 else p}⟧"

    def pgettext(self, c, t):
        return f"⟦{t}⟧"


class Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.skip = 0
        self.texts = []
        self.buf = ""

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style", "pre"):
            self.skip += 1
        for k, v in attrs:
            if k in ("aria-label", "title", "placeholder", "alt") and v:
                self.texts.append(f"@{k} " + v)

    def handle_endtag(self, tag):
        if tag in ("script", "style", "pre"):
            self.skip -= 1

    def handle_data(self, d):
        if not self.skip:
            self.buf += d


def strip(t):
    depth = 0
    out = []
    for c in t:
        if c == "⟦":
            depth += 1
        elif c == "⟧":
            depth -= 1
        elif depth == 0:
            out.append(c)
    return "".join(out)


def leftovers(html):
    p = Texts()
    p.feed(html)
    # text nodes: take the buffer with marks over tags
    res = []
    depth = 0
    for line in re.split(r"\n+", strip(p.buf)):
        line = line.strip()
        if re.search(r"[A-Za-z]{3}", line):
            res.append(line)
    for t in p.texts:
        x = strip(t)
        if re.search(r"[A-Za-z]{3}", x.split(" ", 1)[1] if " " in x else ""):
            res.append(x)
    return res


def test_x(visitor):
    visitor.app.extensions[viewer.CATALOGS].update({("hub", "nb"): Marked()})
    for pkg in (
        set(
            map(
                visitor.app.extensions["hub"].plugins.package,
                visitor.app.extensions["hub"].plugins.apps,
            )
        )
        if "hub" in visitor.app.extensions
        else []
    ):
        visitor.app.extensions[viewer.CATALOGS][(pkg, "nb")] = Marked()
    visitor.log_in("olga")
    from collections import defaultdict

    seen = defaultdict(set)
    for path in [
        *_addresses(visitor.story),
        "/account/",
        "/account/notifications",
        "/setup/intuit",
        "/mail",
        "/documents?amount=x",
        "/inbox/?show=closed",
        "/privacy",
        "/support",
        "/nowhere",
        "/companies/choose",
    ]:
        r = visitor.get(path, headers={"Accept-Language": "nb"}, follow_redirects=True)
        for t in leftovers(r.text):
            seen[t].add(path)
    with open("/tmp/left.txt", "w") as f:
        for t, ps in sorted(seen.items()):
            f.write(f"{len(ps)} {sorted(ps)[0]} | {t[:200]}\n")
