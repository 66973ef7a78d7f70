"""Take a picture of every page of the demo: desktop and phone, light and dark.

The demo runs on a folder of its own, which is removed at the end. Pages are found by following
links; of pages that differ only in an id, one is taken. No link leads to the set-up of a new hub,
to errors, and to a form that was sent after its session had run out; these are taken, too. Needs
Chromium, named by CHROMIUM where it is not on the path.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright, ViewportSize, sync_playwright

from hub.cli.sync_runs import sync_all
from hub.db import engine
from hub.demo import DEMO_PERSON, IN_REVIEW, Demo, list_installations
from hub.models import User
from hub.security import login_sessions, people
from hub.security.login_sessions import EndReason
from hub.security.rights import Right
from hub.web.administration import first_owner

DESKTOP: ViewportSize = {"width": 1360, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
LOOKS: dict[str, tuple[ViewportSize, Literal["light", "dark"]]] = {
    "desktop-light": (DESKTOP, "light"),
    "desktop-dark": (DESKTOP, "dark"),
    "phone-light": (PHONE, "light"),
    "phone-dark": (PHONE, "dark"),
}
# Downloads, files, the stand-ins' own pages, and addresses that leave the hub or end the session.
NO_PAGES = re.compile(r"/(stand-ins|assets|logout|.*export|.*\.(csv|xlsx|pdf|svg|json))\b")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
VIEWER = "viewer@example.com"
SET_UP = "/setup"
# A picture of the whole page would show bars that stay in view in its middle, over the rows.
STAY_IN_VIEW = ".bulk, .selection-bar, .sticky-bar"
# Names of pictures that no address has.
NOT_FOUND, FORBIDDEN, EXPIRED = "/error-not-found", "/error-forbidden", "/error-expired-form"
PUBLIC = ("/login", "/support", "/privacy", "/invitation", "/forgotten-password")


def main() -> None:
    """Write the pictures and a page that shows them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    parser.add_argument("--look", choices=LOOKS, action="append", help="only this one")
    options = parser.parse_args()
    if not CHROMIUM:
        sys.exit("There is no Chromium on the path. Install one, or name it by CHROMIUM.")
    folder = Path(tempfile.mkdtemp(prefix="hub-screenshots-"))
    try:
        with closing(Demo(folder / "hub-demo", 0, in_review=IN_REVIEW)) as demo:
            demo.web.start()
            engine.upgrade(demo.app)
            looks = options.look or list(LOOKS)
            take_set_up(demo, options.folder, looks)
            demo.set_up(lambda text: print(text, file=sys.stderr))
            with demo.app.app_context():
                sync_all(list_installations())
                with engine.transaction() as session:
                    password = people.hash_new(demo.password)
                    people.insert(session, VIEWER, password, [Right("viewer")])
            take_all(demo, options.folder, looks)
    finally:
        shutil.rmtree(folder)


def take_set_up(demo: Demo, folder: Path, looks: list[str]) -> None:
    """Take the pictures of the page on which a new hub gets its first owner."""
    with demo.app.app_context():
        first_owner.get_setup_code().issue()
    with sync_playwright() as playwright:
        browser = start_browser(playwright)
        for look in looks:
            size, colors = LOOKS[look]
            page = browser.new_page(viewport=size, color_scheme=colors)
            page.goto(demo.web.url + SET_UP)
            take_picture(page, folder / look / file_of(SET_UP))
        browser.close()


def take_picture(page: Page, path: Path) -> None:
    """Take a picture of the whole page, with its bars at their place in it.

    An address with an anchor scrolls; what sticks to the top would be in the middle of the picture.
    """
    page.evaluate("scrollTo(0, 0)")
    put_back = "bars => bars.forEach(bar => { bar.style.position = 'static'; })"
    page.eval_on_selector_all(STAY_IN_VIEW, put_back)
    page.screenshot(path=path, full_page=True)


def start_browser(playwright: Playwright) -> Browser:
    """Start Chromium."""
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )


def take_all(demo: Demo, folder: Path, looks: list[str]) -> None:
    """Take the pictures of all looks, and write the page that shows them."""
    with sync_playwright() as playwright:
        browser = start_browser(playwright)
        paths = find_pages(browser, demo)
        for look in looks:
            take(browser, demo, paths, look, folder / look)
            take_errors(browser, demo, look, folder / look)
        browser.close()
    paths += [SET_UP, NOT_FOUND, FORBIDDEN, EXPIRED]
    (folder / "index.html").write_text(gallery(paths, looks), encoding="utf-8")
    print(f"{len(paths)} pages in {len(looks)} looks: {folder / 'index.html'}")


def find_pages(browser: Browser, demo: Demo) -> list[str]:
    """Return the paths of the pages, in the order in which links lead to them."""
    page = browser.new_page()
    log_in(page, demo)
    paths = {pattern_of(path): path for path in PUBLIC}
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        if pattern_of(path) in paths:
            continue
        answer = page.request.get(demo.web.url + path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        page.goto(demo.web.url + path)
        paths[pattern_of(path)] = path
        waiting += links(page, demo.web.url)
    page.close()
    return list(paths.values())


def log_in(page: Page, demo: Demo, who: str = DEMO_PERSON) -> None:
    """Log in as the demo's owner, or somebody else."""
    page.goto(f"{demo.web.url}/login")
    fill_log_in(page, demo, who)
    page.wait_for_url(f"{demo.web.url}/")


def fill_log_in(page: Page, demo: Demo, who: str) -> None:
    """Fill in and send the log-in form, whatever language the page has."""
    page.locator("[name=email]").fill(who)
    password = page.locator("[name=password]")
    password.fill(demo.password)
    password.press("Enter")


def links(page: Page, url: str) -> Iterator[str]:
    """Yield the paths of the pages of the hub to which a page links."""
    for address in page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)"):
        parts = urlsplit(address)
        is_own = address.startswith(f"{url}/")
        if is_own and not NO_PAGES.match(parts.path):
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path


def pattern_of(path: str) -> str:
    """Return what pages that differ only in ids or values of filters have in common."""
    parts = urlsplit(path)
    names = sorted(re.findall(r"(?:^|&)([^=&]+)=", parts.query))
    return re.sub(r"\d+", "N", parts.path) + ("?" + "&".join(names) if names else "")


def take(browser: Browser, demo: Demo, paths: list[str], look: str, folder: Path) -> None:
    """Take a picture of each page in one look."""
    folder.mkdir(parents=True, exist_ok=True)
    size, colors = LOOKS[look]
    anybody = browser.new_page(viewport=size, color_scheme=colors)
    owner = browser.new_page(viewport=size, color_scheme=colors)
    log_in(owner, demo)
    for path in paths:
        page = anybody if path in PUBLIC else owner
        page.goto(demo.web.url + path)
        take_picture(page, folder / file_of(path))
    anybody.close()
    owner.close()


def take_errors(browser: Browser, demo: Demo, look: str, folder: Path) -> None:
    """Take pictures of two errors and of a form that was sent too late."""
    size, colors = LOOKS[look]
    viewer = browser.new_page(viewport=size, color_scheme=colors)
    log_in(viewer, demo, VIEWER)
    for path, name in (("/no-such-page", NOT_FOUND), ("/setup/mail", FORBIDDEN)):
        viewer.goto(demo.web.url + path)
        take_picture(viewer, folder / file_of(name))
    viewer.goto(f"{demo.web.url}/account/")
    with demo.app.app_context(), engine.transaction() as session:
        user = session.query(User).filter_by(username=VIEWER).one()
        login_sessions.end_all(session, int(user.id), EndReason.LOGGED_OUT)
    viewer.locator("main form.box .btn-primary").first.click()
    viewer.wait_for_url("**/login**")
    fill_log_in(viewer, demo, VIEWER)
    viewer.wait_for_url(lambda url: "/login" not in url)
    take_picture(viewer, folder / file_of(EXPIRED))
    viewer.close()


def file_of(path: str) -> str:
    """Return the name of a page's picture."""
    name = re.sub(r"[^a-z0-9]+", "-", pattern_of(path).lower()).strip("-")
    return f"{name or 'home'}.png"


def gallery(paths: list[str], looks: list[str]) -> str:
    """Return a page with all pictures, a row for each page."""
    rows = []
    for path in paths:
        pictures = []
        for look in looks:
            address = f"{look}/{file_of(path)}"
            pictures.append(f'<a href="{address}"><img src="{address}" alt="{look}"></a>')
        rows.append(f"<h2>{escape(path)}</h2><p>{''.join(pictures)}</p>")
    style = "img{width:24%;vertical-align:top;border:1px solid #ccc} body{font-family:sans-serif}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages of the hub</title>'
        f"<style>{style}</style><h1>Pages of the hub</h1>{''.join(rows)}</html>"
    )


if __name__ == "__main__":
    main()
