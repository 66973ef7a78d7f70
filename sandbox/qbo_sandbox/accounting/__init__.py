"""The books of a company: rows, accounts, balances, double entry, and the one way to change them.

May import: `kit`, `options`, `switches`. Start reading at `company.Company`; `kinds` lists the
kinds of object, `booking` turns a transaction into entries, and `refusals` holds every error that
QuickBooks reports.
"""
