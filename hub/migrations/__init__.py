"""The history of the tables: numbered revisions that never change once they are released."""
