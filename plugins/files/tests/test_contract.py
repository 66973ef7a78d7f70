"""Files fulfills the contract of apps that read files."""

from pathlib import Path

import e_invoices
from mapped_tables import workbook

from hub import Company
from hub.testing.file_contract import file_contract

EXAMPLES = Path(__file__).parents[1] / "examples"
SALES = [
    ["Customer", "Invoice no", "Date", "Amount", "Description"],
    ["Nordlys Bygg", "5001", "2026-11-05", "1000.00", "Survey"],
    ["Nordlys Bygg", "5002", "2026-11-06", "-200.00", "Correction"],
]
TestContract = file_contract(
    "files",
    {
        "bills.csv": (EXAMPLES / "bills.csv").read_bytes(),
        "sales.xlsx": workbook(SALES),
        "invoice.xml": (EXAMPLES / "invoice.xml").read_bytes(),
        "credit-note.xml": e_invoices.credit_note().xml(),
    },
    company=Company(country="NO", currency="NOK"),
    variants=[{"suppliers": "create", "customers": "create"}],
    account="7",
    item="9",
    tax_code="3",
)
