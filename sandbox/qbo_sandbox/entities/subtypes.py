"""The detail types of accounts by account type; an account may be created by its detail type."""

SUBTYPES_BY_TYPE = {
    "Bank": "CashOnHand Checking MoneyMarket RentsHeldInTrust Savings TrustAccounts",
    "Accounts Receivable": "AccountsReceivable",
    "Other Current Asset": (
        "AllowanceForBadDebts DevelopmentCosts EmployeeCashAdvances Inventory "
        "Investment_MortgageRealEstateLoans Investment_Other Investment_TaxExemptSecurities "
        "Investment_USGovernmentObligations LoansToOfficers LoansToOthers LoansToStockholders "
        "OtherCurrentAssets PrepaidExpenses Retainage UndepositedFunds"
    ),
    "Fixed Asset": (
        "AccumulatedAmortization AccumulatedDepletion AccumulatedDepreciation Buildings "
        "DepletableAssets FixedAssetComputers FixedAssetCopiers FixedAssetFurniture "
        "FixedAssetOtherToolsEquipment FixedAssetPhone FixedAssetPhotoVideo FixedAssetSoftware "
        "FurnitureAndFixtures IntangibleAssets Land LeaseholdImprovements MachineryAndEquipment "
        "OtherFixedAssets Vehicles"
    ),
    "Other Asset": (
        "AccumulatedAmortizationOfOtherAssets Goodwill LeaseBuyout Licenses OrganizationalCosts "
        "OtherLongTermAssets SecurityDeposits"
    ),
    "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard",
    "Other Current Liability": (
        "DeferredRevenue DirectDepositPayable FederalIncomeTaxPayable InsurancePayable "
        "LineOfCredit "
        "LoanPayable OtherCurrentLiabilities PayrollClearing PayrollTaxPayable "
        "PrepaidExpensesPayable RentsInTrustLiability SalesTaxPayable StateLocalIncomeTaxPayable "
        "TrustAccountsLiabilities"
    ),
    "Long Term Liability": "NotesPayable OtherLongTermLiabilities ShareholderNotesPayable",
    "Equity": (
        "AccumulatedAdjustment CommonStock EstimatedTaxes Healthcare "
        "HealthSavingsAccountContributions OpeningBalanceEquity OwnersEquity "
        "PaidInCapitalOrSurplus PartnerContributions PartnerDistributions PartnersEquity "
        "PersonalExpense PersonalIncome PreferredStock RetainedEarnings TreasuryStock"
    ),
    "Income": (
        "DiscountsRefundsGiven NonProfitIncome OtherPrimaryIncome SalesOfProductIncome "
        "ServiceFeeIncome UnappliedCashPaymentIncome"
    ),
    "Cost of Goods Sold": (
        "CostOfLaborCos EquipmentRentalCos OtherCostsOfServiceCos ShippingFreightDeliveryCos "
        "SuppliesMaterialsCogs"
    ),
    "Expense": (
        "AdvertisingPromotional Auto BadDebts BankCharges CharitableContributions Communications "
        "CostOfLabor DuesSubscriptions Entertainment EntertainmentMeals EquipmentRental "
        "FinanceCosts Insurance InterestPaid LegalProfessionalFees "
        "OfficeGeneralAdministrativeExpenses OtherBusinessExpenses OtherMiscellaneousServiceCost "
        "PayrollExpenses PayrollTaxExpenses PayrollWageExpenses PromotionalMeals "
        "RentOrLeaseOfBuildings RepairMaintenance ShippingFreightDelivery SuppliesMaterials "
        "TaxesPaid Travel TravelMeals UnappliedCashBillPaymentExpense Utilities"
    ),
    "Other Income": (
        "DividendIncome InterestEarned OtherInvestmentIncome OtherMiscellaneousIncome "
        "TaxExemptInterest"
    ),
    "Other Expense": (
        "Amortization Depreciation ExchangeGainOrLoss GasAndFuel HomeOffice "
        "HomeownerRentalInsurance MortgageInterestHomeOffice OtherHomeOfficeExpenses "
        "OtherMiscellaneousExpense OtherVehicleExpenses ParkingAndTolls PenaltiesSettlements "
        "PropertyTaxHomeOffice RentAndLeaseHomeOffice RepairsAndMaintainceHomeOffice "
        "UtilitiesHomeOffice Vehicle VehicleInsurance VehicleLease VehicleLoan "
        "VehicleLoanInterest VehicleRegistration VehicleRepairs WashAndRoadServices"
    ),
}
TYPE_BY_SUBTYPE = {name: kind for kind, names in SUBTYPES_BY_TYPE.items() for name in names.split()}
