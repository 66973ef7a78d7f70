"""The history of the tables: a line of numbered revisions, which never change once they have landed."""
