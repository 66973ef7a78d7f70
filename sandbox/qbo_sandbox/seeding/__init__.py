"""How companies come into being: profiles, opening books, the sample company, and snapshots.

May import: everything but `app` and `factory`. Start reading at
`company_creation.CompanyCreator`; the text files in `books/` hold the accounts, parties, items and
taxes of a new company.
"""
