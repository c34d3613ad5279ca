"""Every list that can be exported, by its name."""

from collections.abc import Mapping

from domain.exports import ExportedList
from schema.sheets import business, cases, custody, dues, fund_money, funds, identity, money, places, takings, votes
from schema.sheets.declare import Listed

LISTS: Mapping[ExportedList, Listed] = {
    listed.name: listed
    for stem in (places, business, money, takings, fund_money, funds, custody, cases, identity, dues, votes)
    for listed in stem.LISTS
}

REGISTER = tuple(listed for listed in LISTS.values() if any(part.sheet for part in listed.parts))
"""The lists whose rows an import brings in: together they are the county's register."""

CONDITIONS: Mapping[str, str] = {
    "auditEvents": "AuditEventFilter",
    "bankAccounts": "BankAccountFilter",
    "bankDifferences": "BankDifferenceFilter",
    "bankStatements": "BankStatementFilter",
    "chargeItems": "ChargeItemFilter",
    "checkouts": "CheckoutFilter",
    "committees": "CommitteeFilter",
    "commonIncomeEntries": "CommonIncomeEntryFilter",
    "commonIncomeSplits": "CommonIncomeSplitFilter",
    "companies": "CompanyFilter",
    "contractProblems": "ContractProblemFilter",
    "contracts": "ServiceContractFilter",
    "dailyCloses": "DailyCloseFilter",
    "custodians": "CustodianFilter",
    "custodyTransfers": "CustodyTransferFilter",
    "disclosureEntries": "DisclosureEntryFilter",
    "disclosures": "DisclosureFilter",
    "documents": "DocumentFilter",
    "dunningCases": "DunningCaseFilter",
    "estates": "EstateFilter",
    "feeAccounts": "FeeAccountFilter",
    "feeBills": "FeeBillFilter",
    "feeInvoices": "FeeInvoiceFilter",
    "feeReceipts": "FeeReceiptFilter",
    "feeRefunds": "FeeRefundFilter",
    "filingQueries": "FilingQueryFilter",
    "filings": "FilingFilter",
    "fundDemands": "FundDemandFilter",
    "fundDistributions": "FundDistributionFilter",
    "fundIncomes": "FundIncomeFilter",
    "fundPoolUses": "FundPoolUseFilter",
    "fundReceipts": "FundReceiptFilter",
    "fundRefunds": "FundRefundFilter",
    "fundRenewalPlans": "FundRenewalPlanFilter",
    "fundReviews": "FundReviewFilter",
    "fundRecoveries": "FundRecoveryFilter",
    "fundRequests": "FundRequestFilter",
    "inspections": "InspectionFilter",
    "invitations": "InvitationFilter",
    "ledgerAccounts": "LedgerAccountFilter",
    "ledgerChecks": "LedgerCheckFilter",
    "meters": "MeterFilter",
    "mandates": "MandateFilter",
    "modelTexts": "ModelTextFilter",
    "officials": "OfficialFilter",
    "owners": "OwnerFilter",
    "partnerAgreements": "PartnerAgreementFilter",
    "paymentInstructions": "PaymentInstructionFilter",
    "payBills": "PayBillFilter",
    "payDifferences": "PayDifferenceFilter",
    "payMerchants": "PayMerchantFilter",
    "paySettlements": "PaySettlementFilter",
    "payments": "PaymentFilter",
    "projectLeaders": "ProjectLeaderFilter",
    "propertyAreas": "PropertyAreaFilter",
    "referrals": "ReferralFilter",
    "statementFiles": "StatementFileFilter",
    "tasks": "TaskFilter",
    "unitClaims": "UnitClaimFilter",
    "units": "UnitFilter",
    "unitVacancies": "UnitVacancyFilter",
    "votes": "VoteFilter",
    "warrantyDeposits": "WarrantyDepositFilter",
    "warrantyObjections": "WarrantyObjectionFilter",
    "warrantyPayouts": "WarrantyPayoutFilter",
}
"""The input type of each list query's conditions, by the query's name."""
