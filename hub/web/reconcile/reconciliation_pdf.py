"""A reconciliation as a PDF for an auditor: who ran it and when, its sums, and what differs.

The rows are first divided into pages, because each page says how many there are, and then drawn.
"""

import datetime as dt
import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from hub.posting.reconcile.totals_lines import TotalsLine
from hub.translations import messages
from hub.translations.messages import gettext, ngettext
from hub.web.frame import moments
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.names import app_name
from hub.web.frame.source_view import format_amount, format_dates, format_money
from hub.web.reconcile.reconciliation_report import (
    ReconciliationReport,
    ReportedDifference,
    format_requester,
)
from hub.web.reconcile.reconciliation_summary import ReconciliationSummary

MIME = "application/pdf"
WIDTH, HEIGHT = landscape(A4)
PAGE_MARGIN = 40.0
FOOTER_HEIGHT = 30.0  # height of the footer above the edge of the page
LINE_HEIGHT = 13.0
FONT_SIZE = 8.5
FACT_LEFT = 125.0  # where the facts at the head of the document stand, beside their labels
REGULAR, BOLD = "Vera", "VeraBd"  # the library brings both; what is used of them is embedded
SUM_COLUMNS = (0, 150, 230, 330, 450, 570, 690, 762)
DIFFERENCE_COLUMNS = (0, 170, 250, 316, 408, 500, 592, 600)


class PdfCell:
    """A text at a place of a row; it is shortened to its space, and a number drawn smaller."""

    def __init__(
        self, text: str, left: float, width: float, *, right: bool = False, bold: bool = False
    ) -> None:
        self.text = text
        self.left = left
        self.width = width
        self.is_right_aligned = right
        self.font = BOLD if bold else REGULAR


class PdfRow:
    """A row of cells; `header` is the row that is repeated above it on a new page."""

    def __init__(
        self,
        cells: Sequence[PdfCell],
        *,
        header: "PdfRow | None" = None,
        size: float = FONT_SIZE,
        rule: bool = False,
        space: float = 0,
    ) -> None:
        self.cells = cells
        self.header = header
        self.size = size
        self.has_rule = rule
        self.height = space + max(LINE_HEIGHT, size * 1.5)


def render(report: ReconciliationReport, *, printed_by: str, printed_at: dt.datetime) -> bytes:
    """Return the file."""
    _register_fonts()
    pages = _paginate(_iter_rows(report, printed_by, printed_at))
    output = io.BytesIO()
    # Invariant: the library does not write the time of the machine into the file.
    size = WIDTH, HEIGHT
    language = messages.reader().language
    canvas = Canvas(output, pagesize=size, pageCompression=1, invariant=1, lang=language)
    title = gettext(
        "Reconciliation %(id)s · %(company)s",
        id=str(report.run.id),
        company=report.company.display_name,
    )
    canvas.setTitle(title)
    for number, rows in enumerate(pages, start=1):
        _draw(canvas, rows)
        page = gettext("Page %(number)s of %(pages)s", number=number, pages=len(pages))
        foot = f"{title} · {page}"
        _draw_cell(canvas, PdfCell(foot, 0, WIDTH - 2 * PAGE_MARGIN), FOOTER_HEIGHT, 7.5)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def _iter_rows(
    report: ReconciliationReport, printed_by: str, printed_at: dt.datetime
) -> Iterator[PdfRow]:
    """Yield all rows of the document."""
    yield _build_text_row(gettext("Reconciliation with QuickBooks"), size=16, bold=True)
    for label, text in _iter_facts(report, printed_by, printed_at):
        width = WIDTH - 2 * PAGE_MARGIN - FACT_LEFT
        for number, line in enumerate(_iter_lines(text, width)):
            label_cell = PdfCell("" if number else label, 0, FACT_LEFT - 5, bold=True)
            yield PdfRow([label_cell, PdfCell(line, FACT_LEFT, width)])
    yield _build_text_row(gettext("Sums by kind and currency"), size=11, bold=True, space=14)
    yield from _iter_sum_rows(report.sums_by_kind())
    yield _build_text_row(gettext("Documents that differ"), size=11, bold=True, space=14)
    yield from _iter_difference_rows(report)
    findings = report.marker_differences
    if findings:
        yield _build_text_row(
            gettext("Transactions with a marker of this hub"), size=11, bold=True, space=14
        )
        for finding in findings:
            yield from _iter_paragraph_rows(finding.reason)


def _iter_facts(
    report: ReconciliationReport, printed_by: str, printed_at: dt.datetime
) -> Iterator[tuple[str, str]]:
    """Yield what the head of the document says, as label and text."""
    first, last = report.months
    months = moments.format_month(first)
    if last != first:
        months = f"{months} – {moments.format_month(last)}"
    zone = moments.zone()
    requested_by = format_requester(report.run.requested_by)
    company = gettext(
        "%(name)s (QuickBooks company %(realm)s)",
        name=report.company.display_name,
        realm=report.company.realm,
    )
    app = app_name(report.slug) if report.slug else gettext("All apps of the company")
    text = gettext(
        "%(at)s (%(zone)s) by %(person)s",
        at=moments.format_exact_time(printed_at),
        zone=zone,
        person=printed_by,
    )
    yield gettext("Company"), company
    yield gettext("App"), app
    yield gettext("Reconciled"), f"{moments.format_exact_time(report.summary.at)} ({zone})"
    yield gettext("Requested by"), requested_by
    yield gettext("Run"), str(report.run.id)
    yield gettext("Documents dated"), months or "–"
    yield gettext("Result"), _format_result(report.summary)
    yield gettext("Printed"), text


def _format_result(result: ReconciliationSummary) -> str:
    """Return the result in one or two sentences, as the page says it."""
    counts = gettext(
        "%(matching)s of %(documents)s documents match QuickBooks.",
        matching=result.matching,
        documents=result.documents,
    )
    if result.documents == 1:
        counts = gettext(
            "%(matching)s of %(documents)s document matches QuickBooks.",
            matching=result.matching,
            documents=1,
        )
    sentences = [counts, _format_difference(result)]
    if result.accepted:
        sentences.append(gettext("%(count)s accepted.", count=result.accepted))
    if result.unread:
        sentences.append(gettext("%(count)s not compared.", count=result.unread))
    return " ".join(sentences)


def _format_difference(result: ReconciliationSummary) -> str:
    """Return by how much the books differ, and in how many documents."""
    if result.is_exact:
        return gettext("No difference.")
    sums = [format_money(sum, currency) for currency, sum in result.stated_differences.items()]
    text = gettext(" and ").join(sums)
    if not result.open_differing:
        return gettext("Difference %(sums)s.", sums=text)
    return ngettext(
        "Difference %(sums)s in %(count)s document.",
        "Difference %(sums)s in %(count)s documents.",
        count=result.open_differing,
        sums=text,
    )


def _iter_sum_rows(sums: Sequence[TotalsLine]) -> Iterator[PdfRow]:
    """Yield the sums by kind and currency, or the sentence that there are none."""
    if not sums:
        yield _build_text_row(gettext("Nothing was posted yet."))
        return
    names = (
        gettext("Kind"),
        gettext("Currency"),
        gettext("Documents"),
        gettext("Source"),
        gettext("Posted by the hub"),
        gettext("In QuickBooks"),
        gettext("Difference"),
    )
    header = _build_table_row(names, SUM_COLUMNS, texts=2, bold=True)
    yield header
    for total in sums:
        amounts = (total.source, total.posted, total.quickbooks, total.difference)
        cells = (
            kind_label(total.kind),
            total.currency,
            messages.reader().numbers.count(total.documents),
            *[format_amount(value, total.currency) for value in amounts],
        )
        yield _build_table_row(cells, SUM_COLUMNS, texts=2, header=header)


def _iter_difference_rows(report: ReconciliationReport) -> Iterator[PdfRow]:
    """Yield the documents that differ, or the sentence that none does."""
    differences = report.differences
    if not differences and not report.unlisted:
        yield _build_text_row(gettext("No document differs from QuickBooks."))
        return
    names = (
        gettext("Document"),
        gettext("App"),
        gettext("Date"),
        gettext("Posted"),
        gettext("In QuickBooks"),
        gettext("Difference"),
        gettext("What differs"),
    )
    columns = DIFFERENCE_COLUMNS
    header = _build_difference_row(names, header=None)
    yield header
    for difference in differences:
        if difference.posted is None:
            yield PdfRow([PdfCell(difference.reason, 0, columns[-1])], header=header)
            continue
        yield _build_difference_row(_format_difference_cells(difference), header=header)
    if report.unlisted:
        yield _build_text_row(
            gettext(
                "%(count)s more documents differ; each has a case in the hub's inbox.",
                count=report.unlisted,
            )
        )


def _format_difference_cells(difference: ReportedDifference) -> tuple[str, ...]:
    """Return the cells of a document that differs."""
    label = gettext(difference.label)
    if difference.is_accepted:
        label = gettext("%(label)s (accepted)", label=label)
    return (
        messages.translate_name(difference.document),
        app_name(difference.slug),
        format_dates(difference.date),
        format_money(difference.posted, difference.currency),
        format_money(difference.quickbooks, difference.currency),
        format_money(difference.amount, difference.currency),
        label,
    )


def _build_difference_row(texts: Sequence[str], header: PdfRow | None) -> PdfRow:
    """Return a row of the documents that differ: three texts, three amounts and a text."""
    row = _build_table_row(
        texts[:6], DIFFERENCE_COLUMNS[:7], texts=3, header=header, bold=header is None
    )
    left = DIFFERENCE_COLUMNS[7]
    last = PdfCell(texts[6], left, WIDTH - 2 * PAGE_MARGIN - left, bold=header is None)
    return PdfRow([*row.cells, last], header=header, rule=True)


def _build_table_row(
    texts_of_row: Sequence[str],
    columns: Sequence[float],
    *,
    texts: int,
    header: PdfRow | None = None,
    bold: bool = False,
) -> PdfRow:
    """Return a row of a table; the first columns are texts, the others amounts at the right."""
    cells = []
    for index, text in enumerate(texts_of_row):
        left, end = columns[index], columns[index + 1]
        is_amount = index >= texts
        cells.append(PdfCell(text, left, end - left - 6, right=is_amount, bold=bold))
    return PdfRow(cells, header=header, rule=True)


def _build_text_row(
    text: str, *, size: float = FONT_SIZE, bold: bool = False, space: float = 0
) -> PdfRow:
    """Return a row with one text over the whole width."""
    return PdfRow([PdfCell(text, 0, WIDTH - 2 * PAGE_MARGIN, bold=bold)], size=size, space=space)


def _iter_paragraph_rows(text: str) -> Iterator[PdfRow]:
    """Yield the rows of a text that may be longer than a line."""
    for line in _iter_lines(text, WIDTH - 2 * PAGE_MARGIN):
        yield _build_text_row(line)


def _iter_lines(text: str, width: float) -> Iterator[str]:
    """Yield the lines of a text that may be longer than the width."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _measure_width(longer, REGULAR, FONT_SIZE) > width:
            yield line
            longer = word
        line = longer
    yield line


def _paginate(rows: Iterator[PdfRow]) -> list[list[PdfRow]]:
    """Divide rows into pages; a table that continues has its header again."""
    room = HEIGHT - 2 * PAGE_MARGIN - LINE_HEIGHT
    pages: list[list[PdfRow]] = [[]]
    used = 0.0
    for row in rows:
        if used + row.height > room:
            pages.append([row.header] if row.header else [])
            used = row.header.height if row.header else 0.0
        pages[-1].append(row)
        used += row.height
    return pages


def _draw(canvas: Canvas, rows: Sequence[PdfRow]) -> None:
    """Draw the rows of a page from its top."""
    top = HEIGHT - PAGE_MARGIN
    for row in rows:
        top -= row.height
        for cell in row.cells:
            _draw_cell(canvas, cell, top, row.size)
        if row.has_rule:
            canvas.setStrokeGray(0.8)
            canvas.setLineWidth(0.4)
            canvas.line(PAGE_MARGIN, top - 3.5, WIDTH - PAGE_MARGIN, top - 3.5)


def _draw_cell(canvas: Canvas, cell: PdfCell, base: float, size: float) -> None:
    """Draw the text of a cell on its base line; no digit of a number is left out."""
    text = _make_printable(cell.text)
    if cell.is_right_aligned:
        text_width = _measure_width(text, cell.font, size)
        canvas.setFont(cell.font, size * min(cell.width / text_width, 1) if text_width else size)
        canvas.drawRightString(PAGE_MARGIN + cell.left + cell.width, base, text)
        return
    canvas.setFont(cell.font, size)
    text = _shorten(text, cell.font, size, cell.width)
    canvas.drawString(PAGE_MARGIN + cell.left, base, text)


def _shorten(text: str, font: str, size: float, width: float) -> str:
    """Return the text, or as much of its beginning as the width holds and an ellipsis."""
    if _measure_width(text, font, size) <= width:
        return text
    shorter = text[: int(width)]  # no character is narrower than a point
    while shorter and _measure_width(f"{shorter}…", font, size) > width:
        shorter = shorter[:-1]
    return f"{shorter}…"


def _measure_width(text: str, font: str, size: float) -> float:
    """Return how wide a text is drawn."""
    return float(pdfmetrics.stringWidth(text, font, size))


def _make_printable(text: str) -> str:
    """Return a text in the characters of the font: without accents that it lacks, or with "?"."""
    glyphs = pdfmetrics.getFont(REGULAR).face.charToGlyph
    characters = []
    for character in " ".join(text.split()):
        if ord(character) in glyphs:
            characters.append(character)
            continue
        base = unicodedata.normalize("NFKD", character)[0]
        characters.append(base if ord(base) in glyphs else "?")
    return "".join(characters)


@cache
def _register_fonts() -> None:
    """Let the library find both fonts, once for a process."""
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
