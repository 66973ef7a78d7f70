"""The web pages, rendered on the server: a package for each part of them.

May import every package except `hub.cli`. Start reading in `pages`, which lists the modules with
pages in the order of the menu. Each of its packages imports only those that come before it in the
table of docs/architecture.md.
"""
