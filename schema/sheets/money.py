"""The lists of money: charge items, bill runs, bills, disputes, payments, ledger accounts."""

from domain.exports import ExportedList
from domain.register_business import CHARGE_ITEMS
from schema.sheets.declare import Listed, Part, imported, shown

_PLACE = (
    shown("estate.name", "小区", "Estate"),
    shown("unit.building.name", "楼栋", "Building"),
    shown("unit.name", "房屋", "Unit"),
)

LISTS = (
    Listed(
        ExportedList.CHARGE_ITEMS,
        "chargeItems",
        (imported(CHARGE_ITEMS, {"area": "area.code", "contract": "contract.number"}),),
    ),
    Listed(
        ExportedList.BILL_RUNS,
        "billRuns",
        (
            Part(
                "出账批次",
                "Bill runs",
                (
                    shown("number", "批次号", "Number"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("company.name", "企业名称", "Company"),
                    shown("item.name", "收费项目", "Charge item"),
                    shown("periodFrom", "账期开始", "Period from"),
                    shown("periodTo", "账期结束", "Period to"),
                    shown("issuedOn", "出账日期", "Issued on"),
                    shown("dueOn", "应缴日期", "Due on"),
                    shown("state", "状态", "State"),
                    shown("planned", "计划户数", "Units planned"),
                    shown("skipped", "跳过户数", "Units skipped"),
                    shown("issued", "账单数", "Bills"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FEE_BILLS,
        "feeBills",
        (
            Part(
                "账单",
                "Bills",
                (
                    shown("number", "账单号", "Number"),
                    *_PLACE,
                    shown("company.name", "企业名称", "Company"),
                    shown("title", "项目", "Item"),
                    shown("kind", "账单类型", "Kind"),
                    shown("periodFrom", "账期开始", "Period from"),
                    shown("periodTo", "账期结束", "Period to"),
                    shown("areaBilled", "计费面积（㎡）", "Area billed (m²)"),
                    shown("unitPrice", "单价（元）", "Unit price (yuan)"),
                    shown("amount", "应缴金额（元）", "Amount (yuan)"),
                    shown("adjusted", "调整（元）", "Adjusted (yuan)"),
                    shown("settled", "已缴（元）", "Settled (yuan)"),
                    shown("outstanding", "未缴（元）", "Outstanding (yuan)"),
                    shown("issuedOn", "出账日期", "Issued on"),
                    shown("dueOn", "应缴日期", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("paidOn", "缴清日期", "Paid on"),
                    shown("state", "状态", "State"),
                    shown("payer", "缴费人", "Payer"),
                    shown("voidReason", "作废原因", "Void for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.BILL_DISPUTES,
        "billDisputes",
        (
            Part(
                "账单异议",
                "Bill disputes",
                (
                    shown("bill.number", "账单号", "Bill"),
                    shown("bill.unit.name", "房屋", "Unit"),
                    shown("reason", "异议理由", "Reason"),
                    shown("state", "状态", "State"),
                    shown("createdAt", "提出时间", "Raised at"),
                    shown("answerDueOn", "答复期限", "Answer due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("answer", "答复", "Answer"),
                    shown("closedAt", "办结时间", "Closed at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAYMENTS,
        "payments",
        (
            Part(
                "缴费记录",
                "Payments",
                (
                    shown("receivedOn", "缴费日期", "Received on"),
                    shown("channel", "渠道", "Channel"),
                    shown("reference", "流水号", "Reference"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "收款企业", "Company"),
                    shown("payerName", "缴费人", "Payer"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("prepaid", "转预收（元）", "Kept as prepaid (yuan)"),
                    shown("refunded", "退款（元）", "Refunded (yuan)"),
                    shown("state", "状态", "State"),
                    shown("reversalReason", "冲正原因", "Reversed for"),
                    shown("reversedAt", "冲正时间", "Reversed at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.LEDGER_ACCOUNTS,
        "ledgerAccounts",
        (
            Part(
                "账户余额",
                "Ledger accounts",
                (
                    shown("kind", "账户类型", "Kind"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "企业名称", "Company"),
                    shown("openedOn", "开户日期", "Opened on"),
                    shown("balance", "余额（元）", "Balance (yuan)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.COMMON_INCOME_ENTRIES,
        "commonIncomeEntries",
        (
            Part(
                "公共收益明细",
                "Common income",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("occurredOn", "日期", "Day"),
                    shown("kind", "类别", "Kind"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("description", "摘要", "Description"),
                    shown("counterparty", "对方单位", "Counterparty"),
                    shown("decision", "业主大会决定", "Decision"),
                    shown("company.name", "记账企业", "Recorded by company"),
                    shown("reversedOn", "冲正日期", "Reversed on"),
                    shown("reversalReason", "冲正原因", "Reversed for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.COMMON_INCOME_SPLITS,
        "commonIncomeSplits",
        (
            Part(
                "公共收益分配",
                "Splits of common income",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("year", "年度", "Year"),
                    shown("net", "可分配（元）", "Net (yuan)"),
                    shown("toFund", "补充维修资金（元）", "To the fund (yuan)"),
                    shown("least", "最低应补充（元）", "Least (yuan)"),
                    shown("decision", "业主大会决定", "Decision"),
                    shown("state", "状态", "State"),
                    shown("paidOn", "到账日期", "Paid on"),
                    shown("serial", "银行流水号", "Serial"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.WARRANTY_DEPOSITS,
        "warrantyDeposits",
        (
            Part(
                "物业质量保修金",
                "Warranty deposits",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("developer", "建设单位", "Developer"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("valueDate", "起息日", "Value date"),
                    shown("serial", "银行流水号", "Serial"),
                    shown("refundableFrom", "可退还日期", "Refundable from"),
                    shown("state", "状态", "State"),
                    shown("reason", "冲正原因", "Reversed for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.WARRANTY_PAYOUTS,
        "warrantyPayouts",
        (
            Part(
                "保修金使用退还",
                "Warranty payouts",
                (
                    shown("createdAt", "申请时间", "Asked for at"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("kind", "类型", "Kind"),
                    shown("basis", "事由", "Basis"),
                    shown("demandedOn", "要求保修日期", "Demanded on"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("postedTo", "公示截止日", "Posted to"),
                    shown("state", "状态", "State"),
                    shown("reason", "不予支付原因", "Declined for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.WARRANTY_OBJECTIONS,
        "warrantyObjections",
        (
            Part(
                "保修金退还异议",
                "Warranty objections",
                (
                    shown("createdAt", "提出时间", "Made at"),
                    shown("payout.area.name", "物业管理区域", "Property area"),
                    shown("role", "提出人身份", "Role"),
                    shown("text", "异议内容", "Objection"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.LEDGER_CHECKS,
        "ledgerChecks",
        (
            Part(
                "账目核对",
                "Checks of the books",
                (
                    shown("createdAt", "发起时间", "Asked for at"),
                    shown("finishedAt", "完成时间", "Finished at"),
                    shown("findingCount", "问题数", "Findings"),
                    shown("stopsPostings", "暂停记账", "Stops postings"),
                ),
            ),
        ),
    ),
)
