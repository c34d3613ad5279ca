"""The lists of who serves and governs: companies, contracts, leaders, bodies of owners, their members, filings, postings."""

from domain.committees import IN_OFFICE
from domain.exports import ExportedList
from domain.register_business import COMMITTEES, COMPANIES, CONTRACTS, LEADERS, MEMBERS
from schema.sheets.declare import ABOVE, NOTHING, Listed, Node, Part, beside, imported, made, shown

_IN_OFFICE = frozenset(state.value for state in IN_OFFICE)
_PARTIES = {"area": "area.code", "company": "company.creditCode"}


def _sits(member: Node) -> bool:
    return member["status"] == "IN_OFFICE" and member[ABOVE]["state"] in _IN_OFFICE


def _brought_in(contract: Node) -> bool:
    """What is drafted and filed here is the platform's own: an import leaves it alone."""
    return contract["state"] not in ("DRAFT", "WITHDRAWN") and not contract["filings"]["totalCount"]


_contracts = imported(
    CONTRACTS,
    {**_PARTIES, "still_serving": made(lambda row: row["state"] != "TERMINATED", "state")},
    only=made(_brought_in, "state filings { totalCount }"),
)
_leaders = imported(
    LEADERS,
    {**_PARTIES, "phone": NOTHING, "reported": made(lambda row: row["state"] == "REPORTED", "state")},
    only=made(lambda row: row["endedOn"] is None, "endedOn"),
)
_committees = imported(
    COMMITTEES,
    {"area": "area.code", "basis": "attestedBasis"},
    only=made(lambda row: row["state"] in _IN_OFFICE, "state"),
)
_members = imported(MEMBERS, {"area": "^.area.code", "phone": NOTHING}, only=made(_sits, "status", "state"))

LISTS = (
    Listed(
        ExportedList.COMPANIES,
        "companies",
        (
            imported(
                COMPANIES,
                {
                    "filed": made(lambda row: row["state"] != "UNFILED", "state"),
                    **dict.fromkeys(("contact_phone", "admin_name", "admin_phone"), NOTHING),
                },
            ),
        ),
    ),
    Listed(
        ExportedList.CONTRACTS,
        "contracts",
        (
            _contracts,
            beside(
                _contracts,
                shown("state", "状态", "State"),
                shown("filing.number", "备案编号", "Filing"),
                shown("filing.state", "备案状态", "Filing's state"),
                shown("endedOn", "终止日期", "Ended on"),
                shown("endReason", "终止原因", "Reason of its end"),
            ),
        ),
    ),
    Listed(
        ExportedList.PROJECT_LEADERS,
        "projectLeaders",
        (_leaders, beside(_leaders, shown("state", "状态", "State"), shown("endedOn", "离任日期", "Ended on"))),
    ),
    Listed(
        ExportedList.COMMITTEES,
        "committees",
        (
            _committees,
            beside(
                _committees,
                shown("state", "状态", "State"),
                shown("endedOn", "终止日期", "Ended on"),
                shown("endedReason", "终止原因", "Reason of its end"),
            ),
        ),
    ),
    Listed(
        ExportedList.COMMITTEE_MEMBERS,
        "committees",
        (_members, beside(_members, shown("status", "状态", "Status"), shown("endedOn", "离任日期", "Ended on"))),
        each="members",
    ),
    Listed(
        ExportedList.FILINGS,
        "filings",
        (
            Part(
                "备案",
                "Filings",
                (
                    shown("number", "备案编号", "Number"),
                    shown("kind", "备案类型", "Kind"),
                    shown("title", "事项", "About"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("company.name", "企业名称", "Company"),
                    shown("creditCode", "统一社会信用代码", "Credit code"),
                    shown("contract.number", "合同编号", "Contract"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("township", "街道（镇）代码", "Township"),
                    shown("community", "社区代码", "Community"),
                    shown("submittedOn", "提交日期", "Submitted on"),
                    shown("round", "提交次数", "Rounds"),
                    shown("lateDays", "逾期天数", "Days late"),
                    shown("returnedReasons", "退回原因", "Returned for"),
                    shown("resubmitBy", "重新提交期限", "Resubmit by"),
                    shown("decidedOn", "备案日期", "Filed on"),
                    shown("certificateNumber", "备案证明编号", "Certificate"),
                    shown("effectiveFrom", "生效日期", "Effective from"),
                    shown("effectiveTo", "失效日期", "Effective to"),
                    shown("isEffective", "有效", "Effective"),
                    shown("published", "已公开", "Published"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.CONTRACT_PROBLEMS,
        "contractProblems",
        (
            Part(
                "合同问题清单",
                "Contract problems",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("company.name", "企业名称", "Company"),
                    shown("contract.number", "合同编号", "Contract"),
                    shown("reason", "问题", "Problem"),
                    shown("detail", "说明", "Detail"),
                    shown("listedOn", "列入日期", "Listed on"),
                    shown("deadline", "整改期限", "Deadline"),
                    shown("open", "未解决", "Open"),
                    shown("resolvedOn", "解决日期", "Resolved on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.MODEL_TEXTS,
        "modelTexts",
        (
            Part(
                "示范文本",
                "Model texts",
                (
                    shown("kind", "类型", "Kind"),
                    shown("edition", "版本", "Edition"),
                    shown("title", "名称", "Title"),
                    shown("basis", "依据", "Basis"),
                    shown("validFrom", "启用日期", "Valid from"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.DISCLOSURES,
        "disclosures",
        (
            Part(
                "公示",
                "Postings",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("item", "公示事项", "Item"),
                    shown("version", "版次", "Version"),
                    shown("title", "标题", "Title"),
                    shown("body", "内容", "Text"),
                    shown("validFrom", "适用开始", "Valid from"),
                    shown("validTo", "适用结束", "Valid to"),
                    shown("postedOn", "公示日期", "Posted on"),
                    shown("postedUntil", "公示期满", "Posted until"),
                    shown("publisherRole", "发布身份", "Published as"),
                    shown("publisherName", "发布人", "Published by"),
                    shown("objectionContact", "异议受理", "Objections to"),
                    shown("withdrawn", "已撤下", "Withdrawn"),
                    shown("digest", "摘要（SHA-256）", "Digest (SHA-256)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.DISCLOSURE_ENTRIES,
        "disclosureEntries",
        (
            Part(
                "公示栏",
                "Boards",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("item", "公示事项", "Item"),
                    shown("current.title", "现行公示", "Current posting"),
                    shown("currentVersion", "版次", "Version"),
                    shown("postedOn", "公示日期", "Posted on"),
                    shown("dueOn", "下次公示期限", "Next due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                ),
            ),
        ),
    ),
)
