"""The lists of unpaid dues: dunning cases, and the batches of suits."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.DUNNING_CASES,
        "dunningCases",
        (
            Part(
                "欠费催缴",
                "Dunning cases",
                (
                    shown("estate.name", "小区", "Estate"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("company.name", "企业名称", "Company"),
                    shown("payer", "缴费人", "Payer"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("dueSince", "最早应缴日期", "Due since"),
                    shown("outstanding", "欠费（元）", "Outstanding (yuan)"),
                    shown("demandServedOn", "催告函送达日期", "Demand served on"),
                    shown("demandEndsOn", "催告期限", "Demand ends on"),
                    shown("planTotal", "分期总额（元）", "Plan (yuan)"),
                    shown("referredOn", "移送法院日期", "Referred on"),
                    shown("courtCaseNumber", "案号", "Court's number"),
                    shown("filedOn", "立案日期", "Filed on"),
                    shown("resultOn", "结案日期", "Result on"),
                    shown("resultAmount", "判决金额（元）", "Result (yuan)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.SUIT_BATCHES,
        "suitBatches",
        (
            Part(
                "批量诉讼",
                "Suit batches",
                (
                    shown("number", "批次号", "Number"),
                    shown("company.name", "企业名称", "Company"),
                    shown("estate.name", "小区", "Estate"),
                    shown("caseCount", "案件数", "Cases"),
                    shown("referredOn", "移送日期", "Referred on"),
                ),
            ),
        ),
    ),
)
