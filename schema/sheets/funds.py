"""The lists of the maintenance fund: requests to use it, and what custodian banks are told to pay."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.FUND_REQUESTS,
        "fundRequests",
        (
            Part(
                "维修资金申请",
                "Fund requests",
                (
                    shown("kind", "类型", "Kind"),
                    shown("title", "维修项目", "Repair"),
                    shown("estate.name", "小区", "Estate"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("company.name", "企业名称", "Company"),
                    shown("applicantRole", "申请身份", "Applied as"),
                    shown("requestedOn", "申请日期", "Requested on"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("scope", "列支范围", "Scope"),
                    shown("budget", "预算（元）", "Budget (yuan)"),
                    shown("approvedAmount", "批准金额（元）", "Approved (yuan)"),
                    shown("settledCost", "决算（元）", "Settled cost (yuan)"),
                    shown("contractor", "施工单位", "Contractor"),
                    shown("emergencyCode", "应急情形", "Emergency"),
                    shown("postedFrom", "公示开始", "Posted from"),
                    shown("postedTo", "公示结束", "Posted to"),
                    shown("votedOn", "表决日期", "Voted on"),
                    shown("votePassed", "表决通过", "Vote passed"),
                    shown("decidedOn", "批准日期", "Decided on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FUND_RECOVERIES,
        "fundRecoveries",
        (
            Part(
                "维修资金追回",
                "Recoveries",
                (
                    shown("request.title", "维修项目", "Repair"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("kind", "原因", "Kind"),
                    shown("note", "情况说明", "Note"),
                    shown("party", "责任单位", "Party"),
                    shown("amount", "应追回（元）", "Amount (yuan)"),
                    shown("recovered", "已追回（元）", "Recovered (yuan)"),
                    shown("gains", "没收违法所得（元）", "Gains (yuan)"),
                    shown("fine", "罚款（元）", "Fine (yuan)"),
                    shown("blacklist", "建议列入黑名单", "Black list"),
                    shown("state", "状态", "State"),
                    shown("openedOn", "立案日期", "Opened on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAYMENT_INSTRUCTIONS,
        "paymentInstructions",
        (
            Part(
                "支付指令",
                "Payment instructions",
                (
                    shown("number", "指令编号", "Number"),
                    shown("purpose", "用途", "Purpose"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("bankAccount.name", "付款户名", "Paid from"),
                    shown("payeeName", "收款户名", "Payee"),
                    shown("payeeAccountMask", "收款账号", "Payee's account"),
                    shown("payeeBankCode", "收款行联行号", "Payee's bank"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("remark", "附言", "Remark"),
                    shown("state", "状态", "State"),
                    shown("issuedOn", "下达日期", "Issued on"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("serial", "银行流水号", "Serial"),
                    shown("valueDate", "记账日期", "Value date"),
                    shown("returnedSerial", "退汇流水号", "Serial of the return"),
                    shown("returnedOn", "退汇日期", "Returned on"),
                    shown("failureCode", "原因代码", "Code"),
                    shown("reason", "原因", "Reason"),
                ),
            ),
        ),
    ),
)
