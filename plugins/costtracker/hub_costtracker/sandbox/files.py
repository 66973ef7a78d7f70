"""Files of invoices, with the web page that some of them are instead of a PDF."""

from functools import partial

from qbo_sandbox.kit import odd_files

HTML = "<!doctype html><title>Faktura</title><p>Se vedlagte faktura.</p>"
content = partial(odd_files.content, html=HTML)
describe = partial(odd_files.describe, html=HTML)
find_file = partial(odd_files.find_file, html=HTML)
