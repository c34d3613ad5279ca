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
        ExportedList.UNIT_VACANCIES,
        "unitVacancies",
        (
            Part(
                "空置房",
                "Vacant units",
                (
                    shown("unit.estate.name", "小区", "Estate"),
                    shown("unit.building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("vacantFrom", "空置起始日", "Vacant from"),
                    shown("vacantTo", "空置截止日", "Vacant to"),
                    shown("note", "依据", "Rests on"),
                    shown("endReason", "结束原因", "Why it ended"),
                    shown("company.name", "企业名称", "Company"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.METERS,
        "meters",
        (
            Part(
                "计量表",
                "Meters",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("building.name", "楼栋", "Building"),
                    shown("unit.name", "房屋", "Unit"),
                    shown("kind", "类型", "Kind"),
                    shown("code", "表号", "Code"),
                    shown("multiplier", "倍率", "Multiplier"),
                    shown("endedOn", "停用日期", "Ended on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.SHARED_COSTS,
        "sharedCosts",
        (
            Part(
                "公摊费用",
                "Shared costs",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("building.name", "楼栋", "Building"),
                    shown("item.name", "收费项目", "Charge item"),
                    shown("periodFrom", "账期开始", "Period from"),
                    shown("periodTo", "账期结束", "Period to"),
                    shown("weighting", "分摊方式", "Shared by"),
                    shown("invoiced", "供应单位收费（元）", "Invoiced (yuan)"),
                    shown("amount", "公摊金额（元）", "Shared (yuan)"),
                    shown("units", "户数", "Units"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PRICE_INCREASES,
        "priceIncreases",
        (
            Part(
                "调价记录",
                "Price increases",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("item.name", "收费项目", "Charge item"),
                    shown("newPrice", "新价格（元）", "New price (yuan)"),
                    shown("validFrom", "执行日期", "Valid from"),
                    shown("postedFrom", "方案公示开始", "Proposal posted from"),
                    shown("postedTo", "方案公示结束", "Proposal posted to"),
                    shown("votedOn", "表决日期", "Voted on"),
                    shown("resultPostedFrom", "结果公示开始", "Result posted from"),
                    shown("resultPostedTo", "结果公示结束", "Result posted to"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FEE_ACCOUNTS,
        "feeAccounts",
        (
            Part(
                "酬金制预决算",
                "Fee accounts",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("company.name", "企业名称", "Company"),
                    shown("kind", "类型", "Kind"),
                    shown("periodFrom", "期间开始", "Period from"),
                    shown("periodTo", "期间结束", "Period to"),
                    shown("income", "收入（元）", "Income (yuan)"),
                    shown("expense", "支出（元）", "Expense (yuan)"),
                    shown("remuneration", "酬金（元）", "Remuneration (yuan)"),
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
