"""The web server, with its limits of connections, threads and sizes, and the error pages.

Start reading in `server`.
"""
