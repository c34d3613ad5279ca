"""The lists of the money that comes into the maintenance fund."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.FUND_DEMANDS,
        "fundDemands",
        (
            Part(
                "应缴维修资金",
                "Demands for deposits",
                (
                    shown("code", "缴款码", "Payment code"),
                    shown("purpose", "交存类型", "For"),
                    shown("estate.name", "小区", "Estate"),
                    shown("building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("payer", "交存人类型", "To be paid by"),
                    shown("payerName", "交存单位", "Payer"),
                    shown("chargedArea", "建筑面积（㎡）", "Building area (m²)"),
                    shown("rate", "标准（元/㎡）", "Rate (yuan/m²)"),
                    shown("amount", "应缴金额（元）", "Amount (yuan)"),
                    shown("paid", "已缴（元）", "Paid (yuan)"),
                    shown("outstanding", "未缴（元）", "Outstanding (yuan)"),
                    shown("issuedOn", "开具日期", "Issued on"),
                    shown("dueOn", "应缴日期", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("state", "状态", "State"),
                    shown("cancelledFor", "撤销原因", "Taken back for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_RECEIPTS,
        "fundReceipts",
        (
            Part(
                "维修资金交存记录",
                "Deposits",
                (
                    shown("valueDate", "起息日", "Value date"),
                    shown("serial", "银行流水号", "Bank serial"),
                    shown("code", "缴款码", "Payment code"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("payerName", "缴款人", "Payer"),
                    shown("receiptNumber", "专用票据号", "Receipt number"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("state", "状态", "State"),
                    shown("suspenseCause", "待查原因", "In suspense for"),
                    shown("reason", "处理说明", "Reason"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_INCOMES,
        "fundIncomes",
        (
            Part(
                "维修资金收益",
                "Income",
                (
                    shown("valueDate", "结息日", "Value date"),
                    shown("bankAccount.bankName", "开户银行", "Bank"),
                    shown("serial", "银行流水号", "Bank serial"),
                    shown("kind", "收益类型", "Kind"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("demandPart", "活期利息部分（元）", "Demand interest (yuan)"),
                    shown("pooled", "留作统筹（元）", "Pooled (yuan)"),
                    shown("year", "分配年度", "Shared with"),
                    shown("isReversed", "已冲正", "Reversed"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_DISTRIBUTIONS,
        "fundDistributions",
        (
            Part(
                "维修资金收益分配",
                "Shared years",
                (
                    shown("year", "年度", "Year"),
                    shown("bankAccount.bankName", "开户银行", "Bank"),
                    shown("amount", "分配金额（元）", "Shared (yuan)"),
                    shown("accountCount", "账户数", "Accounts"),
                    shown("residue", "尾差（元）", "Residue (yuan)"),
                    shown("distributedOn", "分配日期", "Shared on"),
                    shown("dueOn", "应完成日期", "Due on"),
                    shown("isLate", "逾期", "Late"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_POOL_USES,
        "fundPoolUses",
        (
            Part(
                "增值收益使用",
                "Uses of the pool",
                (
                    shown("createdAt", "时间", "At"),
                    shown("bankAccount.bankName", "开户银行", "Bank"),
                    shown("purpose", "用途", "For"),
                    shown("description", "事项", "What"),
                    shown("basis", "依据", "Basis"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("state", "状态", "State"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_RENEWAL_PLANS,
        "fundRenewalPlans",
        (
            Part(
                "维修资金续筹方案",
                "Renewal plans",
                (
                    shown("^.area.name", "物业管理区域", "Property area"),
                    shown("^.draftedOn", "编制日期", "Drafted on"),
                    shown("^.state", "状态", "State"),
                    shown("^.decidedOn", "表决日期", "Decided on"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("firstDeposit", "首期交存额（元）", "First deposit (yuan)"),
                    shown("balance", "余额（元）", "Balance (yuan)"),
                    shown("amount", "应续交（元）", "To pay (yuan)"),
                    shown("demand.code", "缴款码", "Payment code"),
                    shown("demand.state", "交存状态", "Paid"),
                ),
            ),
        ),
        each="lines",
    ),
    Listed(
        ExportedList.FUND_REFUNDS,
        "fundRefunds",
        (
            Part(
                "维修资金退还",
                "Refunds",
                (
                    shown("createdAt", "时间", "At"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("basis", "依据", "Basis"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("state", "状态", "State"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_REVIEWS,
        "fundReviews",
        (
            Part(
                "维修资金复核申请",
                "Requests for review",
                (
                    shown("createdAt", "提出时间", "Asked at"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("question", "复核事项", "Question"),
                    shown("dueOn", "答复期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("state", "状态", "State"),
                    shown("answer", "答复", "Answer"),
                    shown("answeredOn", "答复日期", "Answered on"),
                ),
            ),
        ),
    ),
)
