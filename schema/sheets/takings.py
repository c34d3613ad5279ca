"""The lists of how fees come in: orders at payment services, companies' numbers there, receipts, closed days."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.CHECKOUTS,
        "checkouts",
        (
            Part(
                "支付订单",
                "Orders at payment services",
                (
                    shown("createdAt", "下单时间", "Opened at"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "收款企业", "Company"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("advance", "其中预缴（元）", "Of it in advance (yuan)"),
                    shown("state", "状态", "State"),
                    shown("failure", "关闭原因", "Closed for"),
                    shown("paidAt", "支付时间", "Paid at"),
                    shown("payment.reference", "支付流水号", "Payment"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAY_MERCHANTS,
        "payMerchants",
        (
            Part(
                "商户号",
                "Merchant numbers",
                (
                    shown("company.name", "企业名称", "Company"),
                    shown("service", "支付机构", "Service"),
                    shown("number", "商户号", "Number"),
                    shown("state", "状态", "State"),
                    shown("createdAt", "登记时间", "Recorded at"),
                    shown("confirmedAt", "确认时间", "Confirmed at"),
                    shown("endedAt", "停用时间", "Ended at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FEE_RECEIPTS,
        "feeReceipts",
        (
            Part(
                "收据",
                "Receipts",
                (
                    shown("number", "编号", "Number"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "收款企业", "Company"),
                    shown("payerName", "交款人", "Payer"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("channel", "渠道", "Channel"),
                    shown("receivedOn", "收款日期", "Received on"),
                    shown("state", "状态", "State"),
                    shown("voidReason", "冲红原因", "Struck out for"),
                    shown("code", "验证码", "Verification code"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.DAILY_CLOSES,
        "dailyCloses",
        (
            Part(
                "日结",
                "Closed days",
                (
                    shown("day", "日期", "Day"),
                    shown("company.name", "企业名称", "Company"),
                    shown("cash", "现金（元）", "Cash (yuan)"),
                    shown("pos", "刷卡（元）", "POS (yuan)"),
                    shown("transfer", "转账（元）", "Transfer (yuan)"),
                    shown("entries", "笔数", "Entries"),
                    shown("cashCounted", "实点现金（元）", "Counted (yuan)"),
                    shown("difference", "长短款（元）", "Difference (yuan)"),
                    shown("reason", "原因", "Reason"),
                    shown("state", "状态", "State"),
                    shown("signedAt", "复核时间", "Signed at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FEE_INVOICES,
        "feeInvoices",
        (
            Part(
                "电子发票",
                "Invoices",
                (
                    shown("createdAt", "申请时间", "Asked for at"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "企业名称", "Company"),
                    shown("titleKind", "抬头类型", "Made out to"),
                    shown("title", "抬头", "Title"),
                    shown("taxNumber", "税号", "Tax number"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("state", "状态", "State"),
                    shown("invoiceNumber", "发票号码", "Invoice number"),
                    shown("issuedOn", "开票日期", "Issued on"),
                    shown("redNumber", "红字发票号码", "Red invoice number"),
                    shown("redOn", "红冲日期", "Taken back on"),
                    shown("problem", "失败原因", "Problem"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FEE_REFUNDS,
        "feeRefunds",
        (
            Part(
                "退费",
                "Refunds",
                (
                    shown("createdAt", "申请时间", "Asked for at"),
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "企业名称", "Company"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("channel", "渠道", "Channel"),
                    shown("reason", "原因", "Reason"),
                    shown("state", "状态", "State"),
                    shown("reference", "流水号", "Reference"),
                    shown("finishedAt", "办结时间", "Finished at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAY_BILLS,
        "payBills",
        (
            Part(
                "支付机构对账单",
                "Payment services' bills",
                (
                    shown("day", "日期", "Day"),
                    shown("company.name", "企业名称", "Company"),
                    shown("merchant.number", "商户号", "Merchant number"),
                    shown("payments", "支付笔数", "Payments"),
                    shown("paid", "支付金额（元）", "Paid (yuan)"),
                    shown("refunds", "退款笔数", "Refunds"),
                    shown("refunded", "退款金额（元）", "Refunded (yuan)"),
                    shown("fees", "手续费（元）", "Fees (yuan)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAY_DIFFERENCES,
        "payDifferences",
        (
            Part(
                "支付对账差异",
                "Differences",
                (
                    shown("bill.day", "日期", "Day"),
                    shown("company.name", "企业名称", "Company"),
                    shown("kind", "类型", "Kind"),
                    shown("number", "商户单号", "Number"),
                    shown("billed", "对账单金额（元）", "On the bill (yuan)"),
                    shown("booked", "账面金额（元）", "In the books (yuan)"),
                    shown("state", "状态", "State"),
                    shown("note", "处理说明", "Note"),
                    shown("resolvedAt", "处理时间", "Resolved at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PAY_SETTLEMENTS,
        "paySettlements",
        (
            Part(
                "结算到账",
                "Settlements",
                (
                    shown("settledOn", "到账日期", "Day"),
                    shown("company.name", "企业名称", "Company"),
                    shown("merchant.number", "商户号", "Merchant number"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("reference", "银行流水号", "Bank's number"),
                    shown("reversedAt", "冲销时间", "Taken back at"),
                    shown("reversalReason", "冲销原因", "Taken back for"),
                ),
            ),
        ),
    ),
)
