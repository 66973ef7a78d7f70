"""A Granary to run against."""

from qbo_sandbox.kit import Clock, Harness, Limits, json_answer, query_of

from hub_granary.client import RATE

TOOLS, OWNERS = ("Drill", "Saw", "Crane"), ("North Tools", "Bolt & Co")


def stand_in(folder, documents):
    rows = [rental(n) for n in range(1, documents + 1)]
    clock = Clock()
    limits = Limits.at_rate(clock, RATE)

    def serve(environ, start):
        if seconds := limits.wait():
            wait = (("Retry-After", str(seconds)),)
            return json_answer(start, 429, {"error": "too many calls"}, wait)
        if environ.get("HTTP_X_KEY") != "granary-key":
            return json_answer(start, 401, {"error": "unknown key"})
        path = environ["PATH_INFO"].strip("/").split("/")
        if path == ["shop"]:
            return json_answer(start, 200, {"id": "shop-1", "name": "Granary Hire"})
        if environ["REQUEST_METHOD"] == "PUT":
            return json_answer(start, 200, {})
        if path[1:]:
            return json_answer(start, 200, next(row for row in rows if row["id"] == path[1]))
        text = query_of(environ).get("after") or "0"
        after = int(text) if text.isdigit() else documents
        page = rows[after : after + 25]
        return json_answer(
            start,
            200,
            {"rows": page, "next": str(after + len(page)), "more": after + 25 < len(rows)},
        )

    return Harness(serve, clock=clock, pages={"limit": limits.page})


def rental(n):
    return {
        "id": f"r{n}", "version": 1, "number": f"SH-{n}", "day": "2026-02-20", "price": f"{n * 3}.50",
        "owner": OWNERS[n % 2], "tool": TOOLS[n % 3], "returned": n % 7 > 0, "cancelled": n % 19 == 0,
    }  # fmt: skip
