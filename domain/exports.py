"""Exports of lists: which lists there are, and where an export stands (issue 2 §3, "every list exports to XLSX")."""

from domain.terms import Term

MOST_ROWS = 1_048_575
"""Rows of one sheet under its headers: the format has no more."""

REFERENCE = "（仅供查阅）"
"""What the name of a sheet ends with that an import passes over: rows that the register knows, but no file brings in."""


class ExportedList(Term):
    """A list that can be written to a workbook."""

    PROPERTY_AREAS = "PROPERTY_AREAS", "Property areas (物业管理区域), as the import's sheet."
    ESTATES = "ESTATES", "Estates (小区), as the import's sheet."
    BUILDINGS = "BUILDINGS", "The buildings of estates (楼栋), as the import's sheet."
    UNITS = "UNITS", "Units and parking spaces (房屋、车位), as the import's two sheets."
    OWNERSHIPS = "OWNERSHIPS", "Who holds the units (业主), as the import's sheet of owners."
    OWNERS = "OWNERS", "Owners with what identifies them, masked (业主名册)."
    OCCUPANCIES = "OCCUPANCIES", "Who uses the units besides their owners (物业使用人)."
    FACILITIES = "FACILITIES", "The shared facilities of estates (设施设备), as the import's sheet."
    COMPANIES = "COMPANIES", "Companies (物业服务企业), as the import's sheet."
    CONTRACTS = "CONTRACTS", "Service contracts (物业服务合同), as the import's sheet."
    PROJECT_LEADERS = "PROJECT_LEADERS", "Project leaders (项目负责人), as the import's sheet."
    COMMITTEES = "COMMITTEES", "Bodies of owners (业主委员会), as the import's sheet."
    COMMITTEE_MEMBERS = "COMMITTEE_MEMBERS", "Members of those bodies (业主委员会成员), as the import's sheet."
    CHARGE_ITEMS = "CHARGE_ITEMS", "Charge items (收费项目), as the import's sheet."
    BILL_RUNS = "BILL_RUNS", "Bill runs (出账批次)."
    FEE_BILLS = "FEE_BILLS", "Bills (账单)."
    BILL_DISPUTES = "BILL_DISPUTES", "Disputes of bills (账单异议)."
    PAYMENTS = "PAYMENTS", "Payments (缴费记录)."
    PAYMENT_INSTRUCTIONS = "PAYMENT_INSTRUCTIONS", "Payment instructions to custodian banks (支付指令)."
    BANK_ACCOUNTS = "BANK_ACCOUNTS", "Accounts at custodian banks (专户)."
    CHECKOUTS = "CHECKOUTS", "Orders at payment services (支付订单)."
    PAY_MERCHANTS = "PAY_MERCHANTS", "Companies' merchant numbers (商户号)."
    LEDGER_ACCOUNTS = "LEDGER_ACCOUNTS", "Ledger accounts with their balances (账户余额)."
    FILINGS = "FILINGS", "Filings of companies and contracts (备案)."
    CONTRACT_PROBLEMS = "CONTRACT_PROBLEMS", "The problem list of contracts (合同问题清单)."
    MODEL_TEXTS = "MODEL_TEXTS", "The county's model texts (示范文本)."
    REFERRALS = "REFERRALS", "Referrals to banks and courts (移送)."
    FILING_QUERIES = "FILING_QUERIES", "What banks and courts asked about filings (查询记录)."
    INSPECTIONS = "INSPECTIONS", "Inspections (检查)."
    INSPECTION_PLANS = "INSPECTION_PLANS", "Plans of inspections (检查计划)."
    FINDINGS = "FINDINGS", "What inspections found (检查问题)."
    RECTIFICATIONS = "RECTIFICATIONS", "Orders to put things right (责令整改)."
    FUND_DEMANDS = "FUND_DEMANDS", "Demands for deposits to the maintenance fund (应缴维修资金)."
    FUND_RECEIPTS = "FUND_RECEIPTS", "Deposits that came into the maintenance fund (维修资金交存记录)."
    FUND_REQUESTS = "FUND_REQUESTS", "Requests to the maintenance fund (维修资金申请)."
    DISCLOSURES = "DISCLOSURES", "Postings, all versions (公示)."
    DISCLOSURE_ENTRIES = "DISCLOSURE_ENTRIES", "Boards: what hangs and what is due (公示栏)."
    TASKS = "TASKS", "The caller's work queue (待办)."
    AUDIT_EVENTS = "AUDIT_EVENTS", "Who did what (操作记录)."
    OFFICIALS = "OFFICIALS", "Officials' postings (任职)."
    PARTNER_AGREEMENTS = "PARTNER_AGREEMENTS", "Partners' agreements (合作协议)."
    UNIT_CLAIMS = "UNIT_CLAIMS", "Claims to units (房屋绑定申请)."
    INVITATIONS = "INVITATIONS", "Invitations of owners (邀请)."
    DOCUMENTS = "DOCUMENTS", "Documents, without their contents (文件)."


class ExportState(Term):
    """Where an export stands."""

    QUEUED = "QUEUED", "Waiting for a worker (等待中)."
    RUNNING = "RUNNING", "Being written (进行中)."
    DONE = "DONE", "Written (已完成)."
    REFUSED = "REFUSED", "Not written; its error says why (未导出)."
