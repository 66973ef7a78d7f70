"""The web pages, rendered on the server: one module for each family of pages.

May import every package except `hub.cli`. Start reading in `pages`.
"""
