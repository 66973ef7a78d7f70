"""Cells that a spreadsheet program could run as formulas."""

import csv
import io
import itertools
import re

FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\uff1d1+1", "=", "-")
BREAKS = ("", ";", "\t", "\r", "\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", ";;", "a;b;")
SKIPPED = ("", " ", "\t", "\r", "\n", '"', '""', " \" ' ", "\ufeff", "\xa0", "\u200b", "\x00", "'")
HOSTILE_CELLS = [
    before + between + formula + after
    for before, between, formula in itertools.product(BREAKS, SKIPPED, FORMULAS)
    for after in ("", ";", '"', "\r")
] + ["text" + cell for cell in (";=1", '";"=1', "\r=1", "\n\r\n=1", '",;"=1', ";\"'=1")]
# Programs drop these at the beginning of a cell before they look whether it is a formula.
DROPPED = re.compile('^[\\s"\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060\ufeff]+')


def read_cells(content: bytes, delimiter: str) -> list[str]:
    """Return the cells that a program reads that splits at this delimiter."""
    text = content.decode("utf-8-sig")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [cell for line in lines for cell in line]


def live_formulas(cells: list[str]) -> list[str]:
    """Return the cells that a spreadsheet program would run."""
    return [cell for cell in cells if DROPPED.sub("", cell)[:1] in set("=+-@＝＋－＠")]
