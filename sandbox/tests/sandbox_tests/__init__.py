"""Code shared by the stand-in's tests: random books, the official schema, and recordings."""
