"""The list of documents, and the page of one with its facts, lines, files and history.

Start reading in `document_pages`.
"""
