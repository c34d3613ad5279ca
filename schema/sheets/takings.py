"""The lists of how fees come in: orders at payment services and companies' numbers there."""

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
)
