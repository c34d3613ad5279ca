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
)
