"""Files of invoices, with the web page that some of them are instead of a PDF."""

from functools import partial

from qbo_sandbox.kit import odd_files

HTML = "<!doctype html><title>Faktura</title><p>Se vedlagte faktura.</p>"
content = partial(odd_files.content, html=HTML)
described = partial(odd_files.described, html=HTML)
handed_out = partial(odd_files.handed_out, html=HTML)
