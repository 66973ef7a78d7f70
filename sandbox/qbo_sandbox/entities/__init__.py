"""What QuickBooks checks and fills in when an object is created, updated, voided or deleted.

May import: `accounting` and below. Start reading at `operations`, which every write passes; it
calls `lists` for customers, vendors, items and accounts, and `transactions` for documents.
`fields.txt` lists the fields that each kind accepts.
"""
