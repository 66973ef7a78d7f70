"""The history of the tables, and how its first revision is made from the models."""
