"""The lists of the offices' work: inspections with findings and orders, tasks, events, partners' queries, documents."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Node, Part, made, shown

_CASES = {
    "BillDispute": ("BILL_DISPUTES", "DisputeState"),
    "DunningCase": ("DUNNING_CASES", "DunningState"),
    "Filing": ("FILINGS", "FilingState"),
    "FundRequest": ("FUND_REQUESTS", "FundState"),
    "Inspection": ("INSPECTIONS", "InspectionState"),
    "UnitClaim": ("UNIT_CLAIMS", "ClaimState"),
    "Vote": ("VOTES", "VoteState"),
}
"""By type of case, the list that it stands in and the enum of its states."""

_INSPECTED = (
    shown("^.title", "检查", "Inspection"),
    shown("^.target", "受检小区", "Estate"),
    shown("^.company.name", "受检企业", "Company"),
    shown("^.inspectedOn", "检查日期", "Inspected on"),
)


def _case(row: Node) -> tuple[str, str]:
    return "ExportedList", _CASES.get(row["caseType"], (row["caseType"], ""))[0]


def _state(row: Node) -> tuple[str, str]:
    return _CASES.get(row["caseType"], ("", ""))[1], row["state"]


LISTS = (
    Listed(
        ExportedList.INSPECTION_PLANS,
        "inspectionPlans",
        (
            Part(
                "检查计划",
                "Inspection plans",
                (
                    shown("title", "计划名称", "Title"),
                    shown("kind", "检查类型", "Kind"),
                    shown("basis", "依据", "Basis"),
                    shown("township", "街道（镇）代码", "Township"),
                    shown("startsOn", "开始日期", "Starts on"),
                    shown("endsOn", "结束日期", "Ends on"),
                    shown("inspectionCount", "检查数", "Inspections"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.INSPECTIONS,
        "inspections",
        (
            Part(
                "检查",
                "Inspections",
                (
                    shown("title", "检查", "Title"),
                    shown("target", "受检小区", "Estate"),
                    shown("company.name", "受检企业", "Company"),
                    shown("plan.title", "检查计划", "Plan"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("inspectedOn", "检查日期", "Inspected on"),
                    shown("findingCount", "问题数", "Findings"),
                    shown("responsible", "责任单位", "Responsible"),
                    shown("rectifyBy", "整改期限", "Rectify by"),
                    shown("recheckPassed", "复查通过", "Re-check passed"),
                    shown("publishedOn", "公布日期", "Published on"),
                    shown("publishedText", "公布内容", "Published text"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FINDINGS,
        "inspections",
        (
            Part(
                "检查问题",
                "Findings",
                (
                    *_INSPECTED,
                    shown("position", "序号", "Number"),
                    shown("severity", "严重程度", "Severity"),
                    shown("description", "问题", "Problem"),
                    shown("basis", "依据", "Basis"),
                    shown("rectification", "整改情况", "Rectification"),
                    shown("rectifiedOn", "整改日期", "Rectified on"),
                    shown("clearedOn", "销号日期", "Cleared on"),
                ),
            ),
        ),
        each="findings",
    ),
    Listed(
        ExportedList.RECTIFICATIONS,
        "inspections",
        (
            Part(
                "责令整改",
                "Rectification orders",
                (
                    *_INSPECTED,
                    shown("orderedOn", "责令日期", "Ordered on"),
                    shown("deadline", "整改期限", "Deadline"),
                    shown("requirement", "整改要求", "Requirement"),
                    shown("responsible", "责任单位", "Responsible"),
                    shown("extendedFrom", "延期前期限", "Extended from"),
                    shown("extensionReason", "延期原因", "Extended for"),
                    shown("submittedOn", "提交日期", "Submitted on"),
                    shown("submission", "整改报告", "Answer"),
                    shown("recheckedOn", "复查日期", "Re-checked on"),
                    shown("recheckNote", "复查意见", "Re-check"),
                    shown("passed", "通过", "Passed"),
                ),
            ),
        ),
        each="rectifications",
    ),
    Listed(
        ExportedList.TASKS,
        "viewer.tasks",
        (
            Part(
                "待办",
                "Tasks",
                (
                    shown("title", "事项", "About"),
                    shown(made(_case, "caseType"), "类型", "Case", "Labelled"),
                    shown(made(_state, "caseType state"), "状态", "State", "Labelled"),
                    shown("role", "办理身份", "Role"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("openedAt", "到达时间", "Opened at"),
                    shown("township", "街道（镇）代码", "Township"),
                    shown("community", "社区代码", "Community"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.AUDIT_EVENTS,
        "auditEvents",
        (
            Part(
                "操作记录",
                "Events",
                (
                    shown("at", "时间", "At"),
                    shown("action", "操作", "Action"),
                    shown("role", "身份", "Role"),
                    shown("office", "单位", "Office"),
                    shown("subjectType", "对象类型", "Subject"),
                    shown("subjectId", "对象", "Subject's id"),
                    shown("fromState", "原状态", "From state"),
                    shown("toState", "新状态", "To state"),
                    shown("reason", "原因", "Reason"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.REFERRALS,
        "referrals",
        (
            Part(
                "移送",
                "Referrals",
                (
                    shown("clientId", "查询单位", "Client"),
                    shown("purpose", "用途", "Purpose"),
                    shown("legalBasis", "法律依据", "Legal basis"),
                    shown("caseNumber", "案号", "Case"),
                    shown("scope", "范围", "Scope"),
                    shown("approvedOn", "批准日期", "Approved on"),
                    shown("expiresOn", "到期日期", "Expires on"),
                    shown("revokedOn", "撤销日期", "Revoked on"),
                    shown("revokedReason", "撤销原因", "Revoked for"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.FILING_QUERIES,
        "filingQueries",
        (
            Part(
                "查询记录",
                "Partners' queries",
                (
                    shown("at", "时间", "At"),
                    shown("clientId", "查询单位", "Client"),
                    shown("purpose", "用途", "Purpose"),
                    shown("caseNumber", "案号", "Case"),
                    shown("legalBasis", "法律依据", "Legal basis"),
                    shown("operation", "查询", "Operation"),
                    shown("count", "结果数", "Found"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.DOCUMENTS,
        "documents",
        (
            Part(
                "文件",
                "Documents",
                (
                    shown("name", "文件名", "Name"),
                    shown("kind", "类型", "Kind"),
                    shown("mediaType", "格式", "Media type"),
                    shown("size", "字节", "Bytes"),
                    shown("state", "状态", "State"),
                    shown("createdAt", "登记时间", "Announced at"),
                    shown("readyAt", "确认时间", "Confirmed at"),
                    shown("sha256", "SHA-256", "SHA-256"),
                ),
            ),
        ),
    ),
)
