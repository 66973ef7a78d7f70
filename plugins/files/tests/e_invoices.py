"""Test invoices: two senders with different styles of XML, and a credit note.

`Sample` changes a part of one, so that a test says only what is different.
"""

from __future__ import annotations

import base64
import copy
from decimal import Decimal

from lxml import etree

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMESPACES = {"cac": f"{UBL}:CommonAggregateComponents-2", "cbc": f"{UBL}:CommonBasicComponents-2"}
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PDF = b"%PDF-1.7\nFjordbygg 10417\n%%EOF"


class Sample:
    """An e-invoice that tests change; paths are those of UBL with the prefixes cac and cbc."""

    def __init__(self, xml: str) -> None:
        self._root = etree.fromstring(xml.encode())

    def text(self, path: str) -> str:
        """Return the text of an element."""
        text: str = self._find(path).text
        return text

    def set(self, path: str, text: str, **attributes: str) -> Sample:
        """Replace the text of an element, and add attributes."""
        element = self._find(path)
        element.text = text
        element.attrib.update(attributes)
        return self

    def add(self, amount: str, *paths: str) -> Sample:
        """Add to the amounts of elements."""
        for path in paths:
            self.set(path, str(Decimal(self.text(path)) + Decimal(amount)))
        return self

    def repeat(self, path: str) -> Sample:
        """Add a copy of an element after it."""
        element = self._find(path)
        element.addnext(copy.deepcopy(element))
        return self

    def remove(self, path: str) -> Sample:
        """Remove an element."""
        element = self._find(path)
        element.getparent().remove(element)
        return self

    def xml(self, encoding: str = "UTF-8") -> bytes:
        """Return the file."""
        content: bytes = etree.tostring(self._root, xml_declaration=True, encoding=encoding)
        return content

    def _find(self, path: str):
        element = self._root.find(path, NAMESPACES)
        assert element is not None, path
        return element


def invoice() -> Sample:
    """Return the invoice of Fjordbygg: three VAT rates, allowances, charges, a PDF, and more."""
    return Sample(FJORDBYGG_INVOICE)


def credit_note() -> Sample:
    """Return a credit note of Fjordbygg."""
    return Sample(FJORDBYGG_CREDIT_NOTE)


def prefixed_invoice() -> Sample:
    """Return the invoice of Hansen & Partner, which has a prefix before each name."""
    return Sample(HANSEN_INVOICE)


FJORDBYGG = """
  <cac:AccountingSupplierParty>
    <cac:Party>
      <cbc:EndpointID schemeID="0192">984661185</cbc:EndpointID>
      <cac:PartyName><cbc:Name>Fjordbygg</cbc:Name></cac:PartyName>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>Foretaksregisteret</cbc:CompanyID>
        <cac:TaxScheme><cbc:ID>TAX</cbc:ID></cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>NO984661185MVA</cbc:CompanyID>
        <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Fjordbygg Trelast AS</cbc:RegistrationName>
        <cbc:CompanyID schemeID="0192">984661185</cbc:CompanyID>
      </cac:PartyLegalEntity>
      <cac:Contact><cbc:ElectronicMail>faktura@fjordbygg.example</cbc:ElectronicMail></cac:Contact>
    </cac:Party>
  </cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty>
    <cac:Party>
      <cbc:EndpointID schemeID="0192">991825827</cbc:EndpointID>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Solsiden Eiendom AS</cbc:RegistrationName>
        <cbc:CompanyID>991825827</cbc:CompanyID>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:AccountingCustomerParty>
"""

FJORDBYGG_INVOICE = f"""
<Invoice xmlns="{UBL}:Invoice-2"
         xmlns:cac="{NAMESPACES["cac"]}"
         xmlns:cbc="{NAMESPACES["cbc"]}">
  <cbc:CustomizationID>{BILLING}</cbc:CustomizationID>
  <cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
  <cbc:ID>10417</cbc:ID>
  <cbc:IssueDate>2026-11-05</cbc:IssueDate>
  <cbc:DueDate>2026-12-05</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:Note>Levert på
    byggeplassen</cbc:Note>
  <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
  <cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>
  <cbc:AccountingCost>4300</cbc:AccountingCost>
  <cbc:BuyerReference>Kari Nordby</cbc:BuyerReference>
  <cac:OrderReference><cbc:ID>BEST-77</cbc:ID></cac:OrderReference>
  <cac:AdditionalDocumentReference>
    <cbc:ID>Timeliste</cbc:ID>
  </cac:AdditionalDocumentReference>
  <cac:AdditionalDocumentReference>
    <cbc:ID>10417</cbc:ID>
    <cac:Attachment>
      <cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="C:\\ut\\10417.pdf">
        {base64.b64encode(PDF[:12]).decode()}
        {base64.b64encode(PDF[12:]).decode()}
      </cbc:EmbeddedDocumentBinaryObject>
    </cac:Attachment>
  </cac:AdditionalDocumentReference>
  {FJORDBYGG}
  <cac:PaymentMeans>
    <cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
    <cbc:PaymentID>0104171</cbc:PaymentID>
    <cac:PayeeFinancialAccount><cbc:ID>86011117947</cbc:ID></cac:PayeeFinancialAccount>
  </cac:PaymentMeans>
  <cac:AllowanceCharge>
    <cbc:ChargeIndicator>false</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReason>Kunderabatt</cbc:AllowanceChargeReason>
    <cbc:Amount currencyID="NOK">245.00</cbc:Amount>
    <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.0</cbc:Percent></cac:TaxCategory>
  </cac:AllowanceCharge>
  <cac:AllowanceCharge>
    <cbc:ChargeIndicator>true</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReason>Frakt</cbc:AllowanceChargeReason>
    <cbc:Amount currencyID="NOK">180.00</cbc:Amount>
    <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent></cac:TaxCategory>
  </cac:AllowanceCharge>
  <cac:TaxTotal>
    <cbc:TaxAmount currencyID="NOK">1289.10</cbc:TaxAmount>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="NOK">3180.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="NOK">795.00</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25.00</cbc:Percent></cac:TaxCategory>
    </cac:TaxSubtotal>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="NOK">3294.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="NOK">494.10</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15</cbc:Percent></cac:TaxCategory>
    </cac:TaxSubtotal>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="NOK">1500.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="NOK">0.00</cbc:TaxAmount>
      <cac:TaxCategory>
        <cbc:ID>E</cbc:ID>
        <cbc:Percent>0</cbc:Percent>
        <cbc:TaxExemptionReason>Undervisning</cbc:TaxExemptionReason>
      </cac:TaxCategory>
    </cac:TaxSubtotal>
  </cac:TaxTotal>
  <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">110.50</cbc:TaxAmount></cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="NOK">8039.00</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="NOK">7974.00</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="NOK">9263.10</cbc:TaxInclusiveAmount>
    <cbc:AllowanceTotalAmount currencyID="NOK">245.00</cbc:AllowanceTotalAmount>
    <cbc:ChargeTotalAmount currencyID="NOK">180.00</cbc:ChargeTotalAmount>
    <cbc:PrepaidAmount currencyID="NOK">2000.00</cbc:PrepaidAmount>
    <cbc:PayableRoundingAmount currencyID="NOK">-0.10</cbc:PayableRoundingAmount>
    <cbc:PayableAmount currencyID="NOK">7263.00</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:InvoiceLine>
    <cbc:ID>1</cbc:ID>
    <cbc:InvoicedQuantity unitCode="MTR">12</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">2950.00</cbc:LineExtensionAmount>
    <cbc:AccountingCost>4310</cbc:AccountingCost>
    <cac:AllowanceCharge>
      <cbc:ChargeIndicator>false</cbc:ChargeIndicator>
      <cbc:AllowanceChargeReason>Kvist</cbc:AllowanceChargeReason>
      <cbc:Amount currencyID="NOK">94.00</cbc:Amount>
    </cac:AllowanceCharge>
    <cac:AllowanceCharge>
      <cbc:ChargeIndicator>true</cbc:ChargeIndicator>
      <cbc:AllowanceChargeReason>Kapping</cbc:AllowanceChargeReason>
      <cbc:Amount currencyID="NOK">50.00</cbc:Amount>
    </cac:AllowanceCharge>
    <cac:Item>
      <cbc:Description>Impregnert, 48 x 98</cbc:Description>
      <cbc:Name>Terrassebord</cbc:Name>
      <cac:SellersItemIdentification><cbc:ID>TB-4898</cbc:ID></cac:SellersItemIdentification>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="NOK">249.50</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
  <cac:InvoiceLine>
    <cbc:ID>2</cbc:ID>
    <cbc:InvoicedQuantity unitCode="C62">250</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">295.00</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Name>Skruer</cbc:Name>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price>
      <cbc:PriceAmount currencyID="NOK">118.00</cbc:PriceAmount>
      <cbc:BaseQuantity unitCode="C62">100</cbc:BaseQuantity>
    </cac:Price>
  </cac:InvoiceLine>
  <cac:InvoiceLine>
    <cbc:ID>3</cbc:ID>
    <cbc:InvoicedQuantity unitCode="KGM">40</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">3294.00</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Name>Kaffe</cbc:Name>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>S</cbc:ID><cbc:Percent>15</cbc:Percent>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="NOK">82.35</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
  <cac:InvoiceLine>
    <cbc:ID>4</cbc:ID>
    <cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">1500.00</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Name>Kurs</cbc:Name>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>E</cbc:ID><cbc:Percent>0</cbc:Percent>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="NOK">1500.00</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
</Invoice>
""".strip()

FJORDBYGG_CREDIT_NOTE = f"""
<CreditNote xmlns="{UBL}:CreditNote-2"
            xmlns:cac="{NAMESPACES["cac"]}"
            xmlns:cbc="{NAMESPACES["cbc"]}">
  <cbc:CustomizationID>{BILLING}</cbc:CustomizationID>
  <cbc:ID>K-311</cbc:ID>
  <cbc:IssueDate>2026-11-12</cbc:IssueDate>
  <cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>
  <cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>
  {FJORDBYGG}
  <cac:PaymentMeans><cbc:PaymentDueDate>2026-12-12</cbc:PaymentDueDate></cac:PaymentMeans>
  <cac:TaxTotal>
    <cbc:TaxAmount currencyID="NOK">124.75</cbc:TaxAmount>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="NOK">499.00</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="NOK">124.75</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent></cac:TaxCategory>
    </cac:TaxSubtotal>
  </cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="NOK">499.00</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="NOK">499.00</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="NOK">623.75</cbc:TaxInclusiveAmount>
    <cbc:PayableAmount currencyID="NOK">623.75</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:CreditNoteLine>
    <cbc:ID>1</cbc:ID>
    <cbc:CreditedQuantity unitCode="MTR">2</cbc:CreditedQuantity>
    <cbc:LineExtensionAmount currencyID="NOK">499.00</cbc:LineExtensionAmount>
    <cac:Item>
      <cbc:Name>Terrassebord</cbc:Name>
      <cac:ClassifiedTaxCategory>
        <cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>
      </cac:ClassifiedTaxCategory>
    </cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="NOK">249.50</cbc:PriceAmount></cac:Price>
  </cac:CreditNoteLine>
</CreditNote>
""".strip()

HANSEN_INVOICE = f"""
<doc:Invoice xmlns:doc="{UBL}:Invoice-2" xmlns:a="{NAMESPACES["cac"]}" xmlns:b="{NAMESPACES["cbc"]}"
><b:CustomizationID>{BILLING}</b:CustomizationID><b:ID> 2026/88 </b:ID><!-- by hand -->
<b:IssueDate>2026-11-02+01:00</b:IssueDate><b:InvoiceTypeCode>380</b:InvoiceTypeCode>
<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
<a:AccountingSupplierParty><a:Party>
<a:PartyName><b:Name>Hansen &amp; Partner</b:Name></a:PartyName>
<a:PartyTaxScheme><b:CompanyID>DE811223344</b:CompanyID>
<a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:PartyTaxScheme>
</a:Party></a:AccountingSupplierParty>
<a:PaymentMeans><a:PayeeFinancialAccount><b:ID>DE02100500000024290661</b:ID>
</a:PayeeFinancialAccount></a:PaymentMeans>
<a:TaxTotal><b:TaxAmount currencyID="EUR">175.18</b:TaxAmount>
<a:TaxSubtotal><b:TaxableAmount currencyID="EUR">900.00</b:TaxableAmount>
<b:TaxAmount currencyID="EUR">171.00</b:TaxAmount>
<a:TaxCategory><b:ID>S</b:ID><b:Percent>19</b:Percent></a:TaxCategory></a:TaxSubtotal>
<a:TaxSubtotal><b:TaxableAmount currencyID="EUR">59.70</b:TaxableAmount>
<b:TaxAmount currencyID="EUR">4.18</b:TaxAmount>
<a:TaxCategory><b:ID>S</b:ID><b:Percent>7</b:Percent></a:TaxCategory></a:TaxSubtotal></a:TaxTotal>
<a:LegalMonetaryTotal><b:LineExtensionAmount currencyID="EUR">959.70</b:LineExtensionAmount>
<b:TaxExclusiveAmount currencyID="EUR">959.70</b:TaxExclusiveAmount>
<b:TaxInclusiveAmount currencyID="EUR">1<!-- thousand -->134.88</b:TaxInclusiveAmount>
<b:PayableAmount currencyID="EUR"><![CDATA[1134.88]]></b:PayableAmount></a:LegalMonetaryTotal>
<a:InvoiceLine><b:ID>10</b:ID><b:InvoicedQuantity unitCode="HUR">7.5</b:InvoicedQuantity>
<b:LineExtensionAmount currencyID="EUR">900.00</b:LineExtensionAmount>
<a:Item><b:Name>Beratung</b:Name>
<a:ClassifiedTaxCategory><b:ID>S</b:ID><b:Percent>19.0</b:Percent></a:ClassifiedTaxCategory>
</a:Item>
<a:Price><b:PriceAmount currencyID="EUR">120</b:PriceAmount></a:Price></a:InvoiceLine>
<a:InvoiceLine><b:ID>20</b:ID><b:InvoicedQuantity unitCode="C62">3</b:InvoicedQuantity>
<b:LineExtensionAmount currencyID="EUR">59.70</b:LineExtensionAmount>
<a:Item><b:Name>Fachbuch</b:Name>
<a:ClassifiedTaxCategory><b:ID>S</b:ID><b:Percent>7</b:Percent></a:ClassifiedTaxCategory></a:Item>
<a:Price><b:PriceAmount currencyID="EUR">19.90</b:PriceAmount></a:Price></a:InvoiceLine>
</doc:Invoice>
""".strip()
