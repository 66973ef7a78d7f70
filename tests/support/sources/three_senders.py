"""E-invoices of three senders, each in a style of its own, and their amounts."""

import base64

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
CAC, CBC = f"{UBL}:CommonAggregateComponents-2", f"{UBL}:CommonBasicComponents-2"
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PDF = b"%PDF-1.7\nLofoten Stillas 88021\n%%EOF"

# An EHF invoice of one line, with the PDF that its sender mails, too.
SCAFFOLDING = f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{UBL}:Invoice-2" xmlns:cac="{CAC}" xmlns:cbc="{CBC}">
 <cbc:CustomizationID>{BILLING}</cbc:CustomizationID>
 <cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
 <cbc:ID>88021</cbc:ID>
 <cbc:IssueDate>2026-02-16</cbc:IssueDate>
 <cbc:DueDate>2026-03-18</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
 <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
 <cac:AdditionalDocumentReference>
  <cbc:ID>88021</cbc:ID>
  <cac:Attachment>
   <cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="88021.pdf">{
    base64.b64encode(PDF).decode()
}</cbc:EmbeddedDocumentBinaryObject>
  </cac:Attachment>
 </cac:AdditionalDocumentReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cbc:EndpointID schemeID="0192">911222333</cbc:EndpointID>
  <cac:PartyLegalEntity>
   <cbc:RegistrationName>Lofoten Stillas AS</cbc:RegistrationName>
   <cbc:CompanyID schemeID="0192">911222333</cbc:CompanyID>
  </cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:TaxTotal>
  <cbc:TaxAmount currencyID="NOK">1031.25</cbc:TaxAmount>
  <cac:TaxSubtotal>
   <cbc:TaxableAmount currencyID="NOK">4125.00</cbc:TaxableAmount>
   <cbc:TaxAmount currencyID="NOK">1031.25</cbc:TaxAmount>
   <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent></cac:TaxCategory>
  </cac:TaxSubtotal>
 </cac:TaxTotal>
 <cac:LegalMonetaryTotal>
  <cbc:LineExtensionAmount currencyID="NOK">4125.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="NOK">4125.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="NOK">5156.25</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="NOK">5156.25</cbc:PayableAmount>
 </cac:LegalMonetaryTotal>
 <cac:InvoiceLine>
  <cbc:ID>1</cbc:ID>
  <cbc:InvoicedQuantity unitCode="DAY">15</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount currencyID="NOK">4125.00</cbc:LineExtensionAmount>
  <cac:Item>
   <cbc:Name>Stillasleie uke 7</cbc:Name>
   <cac:ClassifiedTaxCategory>
    <cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>
   </cac:ClassifiedTaxCategory>
  </cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="NOK">275.00</cbc:PriceAmount></cac:Price>
 </cac:InvoiceLine>
</Invoice>"""

# A credit note with a prefix before each name, no due date and 15 percent.
COFFEE = f"""<?xml version="1.0"?>
<ubl:CreditNote xmlns:ubl="{UBL}:CreditNote-2" xmlns:x="{CAC}" xmlns:y="{CBC}">
<y:CustomizationID>{BILLING}</y:CustomizationID><y:ID>KN-2026-14</y:ID>
<y:IssueDate>2026-02-19</y:IssueDate><y:CreditNoteTypeCode>381</y:CreditNoteTypeCode>
<y:DocumentCurrencyCode>NOK</y:DocumentCurrencyCode>
<x:BillingReference><x:InvoiceDocumentReference><y:ID>20260131</y:ID>
</x:InvoiceDocumentReference></x:BillingReference>
<x:AccountingSupplierParty><x:Party><x:PartyName><y:Name>Kaffehuset Sentrum</y:Name></x:PartyName>
<x:PartyTaxScheme><y:CompanyID>NO922333444MVA</y:CompanyID><x:TaxScheme><y:ID>VAT</y:ID>
</x:TaxScheme></x:PartyTaxScheme>
<x:PartyLegalEntity><y:RegistrationName>Kaffehuset Sentrum AS</y:RegistrationName>
</x:PartyLegalEntity></x:Party></x:AccountingSupplierParty>
<x:TaxTotal><y:TaxAmount currencyID="NOK">37.35</y:TaxAmount><x:TaxSubtotal>
<y:TaxableAmount currencyID="NOK">249.00</y:TaxableAmount>
<y:TaxAmount currencyID="NOK">37.35</y:TaxAmount>
<x:TaxCategory><y:ID>S</y:ID><y:Percent>15.00</y:Percent></x:TaxCategory></x:TaxSubtotal></x:TaxTotal>
<x:LegalMonetaryTotal><y:LineExtensionAmount currencyID="NOK">249.00</y:LineExtensionAmount>
<y:TaxExclusiveAmount currencyID="NOK">249.00</y:TaxExclusiveAmount>
<y:TaxInclusiveAmount currencyID="NOK">286.35</y:TaxInclusiveAmount>
<y:PayableAmount currencyID="NOK">286.35</y:PayableAmount></x:LegalMonetaryTotal>
<x:CreditNoteLine><y:ID>A</y:ID><y:CreditedQuantity unitCode="KGM">3</y:CreditedQuantity>
<y:LineExtensionAmount currencyID="NOK">249.00</y:LineExtensionAmount>
<x:Item><y:Name>Filterkaffe, feil levert</y:Name><x:ClassifiedTaxCategory><y:ID>S</y:ID>
<y:Percent>15</y:Percent></x:ClassifiedTaxCategory></x:Item>
<x:Price><y:PriceAmount currencyID="NOK">83.00</y:PriceAmount></x:Price></x:CreditNoteLine>
</ubl:CreditNote>"""


def _allowance(is_charge: bool, reason: str, amount: str) -> str:
    return f"""<c:AllowanceCharge><b:ChargeIndicator>{str(is_charge).lower()}</b:ChargeIndicator>
<b:AllowanceChargeReason>{reason}</b:AllowanceChargeReason>
<b:Amount currencyID="NOK">{amount}</b:Amount>
<c:TaxCategory><b:ID>S</b:ID><b:Percent>25.0</b:Percent></c:TaxCategory></c:AllowanceCharge>"""


def _line(id: str, quantity: str, name: str, price: str, amount: str, more: str = "") -> str:
    return f"""<c:InvoiceLine><b:ID>{id}</b:ID>
<b:InvoicedQuantity unitCode="C62">{quantity}</b:InvoicedQuantity>
<b:LineExtensionAmount currencyID="NOK">{amount}</b:LineExtensionAmount>{more}
<c:Item><b:Name>{name}</b:Name><c:ClassifiedTaxCategory><b:ID>S</b:ID>
<b:Percent>25</b:Percent></c:ClassifiedTaxCategory></c:Item>
<c:Price><b:PriceAmount currencyID="NOK">{price}</b:PriceAmount></c:Price></c:InvoiceLine>"""


# Two lines, one with a discount of its own, a discount and freight on the whole, and rounding.
PLUMBING = f"""<Invoice xmlns="{UBL}:Invoice-2" xmlns:c="{CAC}" xmlns:b="{CBC}">
<b:CustomizationID>{BILLING}</b:CustomizationID><b:ID>7/2026</b:ID>
<b:IssueDate>2026-02-20</b:IssueDate><b:DueDate>2026-03-06</b:DueDate>
<b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>NOK</b:DocumentCurrencyCode>
<c:AccountingSupplierParty><c:Party><c:PartyLegalEntity>
<b:RegistrationName>Rørlegger Strand &amp; Sønn</b:RegistrationName>
<b:CompanyID>933444555</b:CompanyID>
</c:PartyLegalEntity></c:Party></c:AccountingSupplierParty>
{_allowance(False, "Kunderabatt", "50.00")}
{_allowance(True, "Frakt", "125.50")}
<c:TaxTotal><b:TaxAmount currencyID="NOK">386.63</b:TaxAmount><c:TaxSubtotal>
<b:TaxableAmount currencyID="NOK">1546.50</b:TaxableAmount>
<b:TaxAmount currencyID="NOK">386.63</b:TaxAmount>
<c:TaxCategory><b:ID>S</b:ID><b:Percent>25</b:Percent></c:TaxCategory></c:TaxSubtotal></c:TaxTotal>
<c:LegalMonetaryTotal><b:LineExtensionAmount currencyID="NOK">1471.00</b:LineExtensionAmount>
<b:TaxExclusiveAmount currencyID="NOK">1546.50</b:TaxExclusiveAmount>
<b:TaxInclusiveAmount currencyID="NOK">1933.13</b:TaxInclusiveAmount>
<b:AllowanceTotalAmount currencyID="NOK">50.00</b:AllowanceTotalAmount>
<b:ChargeTotalAmount currencyID="NOK">125.50</b:ChargeTotalAmount>
<b:PayableAmount currencyID="NOK">1933.13</b:PayableAmount></c:LegalMonetaryTotal>
{_line("1", "4", "Kuleventil", "312.75", "1251.00")}
{
    _line(
        "2",
        "10",
        "Klammer",
        "24.00",
        "220.00",
        "<c:AllowanceCharge><b:ChargeIndicator>false</b:ChargeIndicator>"
        "<b:AllowanceChargeReason>Kampanje</b:AllowanceChargeReason>"
        '<b:Amount currencyID="NOK">20.00</b:Amount></c:AllowanceCharge>',
    )
}
</Invoice>"""
