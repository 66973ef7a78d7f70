"""Build e-invoices in UBL 2.1 for tests, with sums that are right unless a test changes them."""

import base64
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
CENT = Decimal("0.01")


@dataclass
class Line:
    """A line of an invoice; `allowance` is taken off its amount."""

    quantity: str = "2"
    price: str = "100.00"
    rate: str = "25"
    category: str = "S"
    base: str = ""
    allowance: str = ""
    account: str = ""
    name: str = "Timber"

    @property
    def amount(self) -> Decimal:
        full = Decimal(self.quantity) * Decimal(self.price) / Decimal(self.base or 1)
        return (full - Decimal(self.allowance or 0)).quantize(CENT, ROUND_HALF_UP)


@dataclass
class Sample:
    """What an e-invoice says. `changes` are pairs of texts that are replaced in the XML."""

    root: str = "Invoice"
    number: str = "F-1001"
    lines: tuple[Line, ...] = (Line(), Line(quantity="1", price="50.00", rate="15", name="Food"))
    seller: str = "Bygg AS"
    seller_id: str = "987654321"
    buyer_id: str = "912345678"
    allowance: str = ""  # of the whole document, with 25 % VAT
    charge: str = ""
    prepaid: str = ""
    rounding: str = ""
    pdf: bytes = b""
    prefix: str = "cbc"
    changes: tuple[tuple[str, str], ...] = field(default_factory=tuple)

    def xml(self) -> bytes:
        """Return the document."""
        text = f"""<?xml version="1.0" encoding="UTF-8"?>
<{self.root} xmlns="{UBL}:{self.root}-2" xmlns:cac="{UBL}:CommonAggregateComponents-2"
 xmlns:cbc="{UBL}:CommonBasicComponents-2">
{self._head()}{self._files()}{self._parties()}{self._payment()}{self._allowances()}{self._taxes()}
{self._totals()}{self._lines()}</{self.root}>"""
        for old, new in self.changes:
            assert old in text, old
            text = text.replace(old, new)
        if self.prefix != "cbc":
            text = text.replace("cbc:", f"{self.prefix}:").replace(":cbc=", f":{self.prefix}=")
        return text.encode()

    def _head(self) -> str:
        due = "<cbc:DueDate>2026-12-05</cbc:DueDate>" if self.root == "Invoice" else ""
        return f"""<cbc:ID>{self.number}</cbc:ID><cbc:IssueDate>2026-11-05</cbc:IssueDate>{due}
<cbc:Note>Thank you</cbc:Note><cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
<cbc:AccountingCost>4010</cbc:AccountingCost><cbc:BuyerReference>Kari</cbc:BuyerReference>
<cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>"""

    def _files(self) -> str:
        if not self.pdf:
            return ""
        content = base64.b64encode(self.pdf).decode()
        return f"""<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>
<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="bill.pdf">{content}
</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"""

    def _parties(self) -> str:
        return f"""<cac:AccountingSupplierParty><cac:Party>
<cbc:EndpointID schemeID="0192">{self.seller_id}</cbc:EndpointID>
<cac:PartyTaxScheme><cbc:CompanyID>NO{self.seller_id}MVA</cbc:CompanyID></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>{self.seller}</cbc:RegistrationName>
<cbc:CompanyID schemeID="0192">{self.seller_id}</cbc:CompanyID></cac:PartyLegalEntity>
<cac:Contact><cbc:ElectronicMail>post@bygg.example</cbc:ElectronicMail></cac:Contact>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
<cac:PartyName><cbc:Name>Fjord &amp; Sons</cbc:Name></cac:PartyName>
<cac:PartyLegalEntity><cbc:CompanyID>{self.buyer_id}</cbc:CompanyID></cac:PartyLegalEntity>
</cac:Party></cac:AccountingCustomerParty>"""

    def _payment(self) -> str:
        return (
            "<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>"
            "<cbc:PaymentID>KID 42</cbc:PaymentID></cac:PaymentMeans>"
        )

    def _allowances(self) -> str:
        texts = ""
        for amount, is_charge in ((self.allowance, "false"), (self.charge, "true")):
            if amount:
                texts += f"""<cac:AllowanceCharge>
<cbc:ChargeIndicator>{is_charge}</cbc:ChargeIndicator>
<cbc:AllowanceChargeReason>Freight</cbc:AllowanceChargeReason>
<cbc:Amount currencyID="NOK">{amount}</cbc:Amount><cac:TaxCategory><cbc:ID>S</cbc:ID>
<cbc:Percent>25</cbc:Percent></cac:TaxCategory></cac:AllowanceCharge>"""
        return texts

    def _taxable(self) -> dict[tuple[str, str], Decimal]:
        """Return the taxable amount of each category and rate."""
        sums: dict[tuple[str, str], Decimal] = {}
        for line in self.lines:
            key = (line.category, line.rate)
            sums[key] = sums.get(key, Decimal(0)) + line.amount
        extra = Decimal(self.charge or 0) - Decimal(self.allowance or 0)
        if extra:
            sums["S", "25"] = sums.get(("S", "25"), Decimal(0)) + extra
        return sums

    def _tax_of(self, key: tuple[str, str], amount: Decimal) -> Decimal:
        return (amount * Decimal(key[1]) / 100).quantize(CENT, ROUND_HALF_UP)

    def _tax(self) -> Decimal:
        sums = self._taxable().items()
        return sum((self._tax_of(key, amount) for key, amount in sums), Decimal(0))

    def _taxes(self) -> str:
        parts = ""
        for key, amount in self._taxable().items():
            parts += f"""<cac:TaxSubtotal><cbc:TaxableAmount>{amount}</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="NOK">{self._tax_of(key, amount)}</cbc:TaxAmount><cac:TaxCategory>
<cbc:ID>{key[0]}</cbc:ID><cbc:Percent>{key[1]}</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>"""
        total = f'<cbc:TaxAmount currencyID="NOK">{self._tax()}</cbc:TaxAmount>'
        return f"<cac:TaxTotal>{total}{parts}</cac:TaxTotal>"

    def _totals(self) -> str:
        lines = sum((line.amount for line in self.lines), Decimal(0))
        net = lines + Decimal(self.charge or 0) - Decimal(self.allowance or 0)
        gross = net + self._tax()
        due = gross - Decimal(self.prepaid or 0) + Decimal(self.rounding or 0)
        return f"""<cac:LegalMonetaryTotal>
<cbc:LineExtensionAmount>{lines}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount>{net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount>{gross}</cbc:TaxInclusiveAmount>
{_optional("AllowanceTotalAmount", self.allowance)}{_optional("ChargeTotalAmount", self.charge)}
{_optional("PrepaidAmount", self.prepaid)}{_optional("PayableRoundingAmount", self.rounding)}
<cbc:PayableAmount>{due}</cbc:PayableAmount></cac:LegalMonetaryTotal>"""

    def _lines(self) -> str:
        texts = [self._line(number, line) for number, line in enumerate(self.lines, 1)]
        return "".join(texts)

    def _line(self, number: int, line: Line) -> str:
        kind = "Invoiced" if self.root == "Invoice" else "Credited"
        account = _optional("AccountingCost", line.account)
        allowance = ""
        if line.allowance:
            allowance = f"""<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
<cbc:Amount>{line.allowance}</cbc:Amount></cac:AllowanceCharge>"""
        base = _optional("BaseQuantity", line.base)
        return f"""<cac:{self.root}Line><cbc:ID>{number}</cbc:ID>
<cbc:{kind}Quantity unitCode="EA">{line.quantity}</cbc:{kind}Quantity>
<cbc:LineExtensionAmount>{line.amount}</cbc:LineExtensionAmount>{account}{allowance}
<cac:Item><cbc:Name>{line.name}</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>{line.category}</cbc:ID>
<cbc:Percent>{line.rate}</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount>{line.price}</cbc:PriceAmount>{base}</cac:Price></cac:{self.root}Line>"""


def _optional(name: str, text: str) -> str:
    """Return an element, or nothing without a text."""
    return f"<cbc:{name}>{text}</cbc:{name}>" if text else ""
