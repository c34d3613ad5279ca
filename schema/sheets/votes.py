"""The lists of owners' votes and of the authorities to vote: figures, never what a ballot says."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.VOTES,
        "votes",
        (
            Part(
                "业主表决",
                "Votes",
                (
                    shown("title", "表决名称", "Title"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("scope", "表决范围", "Scope"),
                    shown("building.name", "楼栋", "Building"),
                    shown("entrance", "单元", "Entrance"),
                    shown("applicantRole", "召集身份", "Convened as"),
                    shown("occasion", "召集原因", "Occasion"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("opensOn", "开始日期", "Opens on"),
                    shown("closesOn", "截止日期", "Closes on"),
                    shown("scopeArea", "应参加面积（㎡）", "Area asked (m²)"),
                    shown("scopeHeads", "应参加人数", "Heads asked"),
                    shown("participatingArea", "已参加面积（㎡）", "Area that voted (m²)"),
                    shown("participatingHeads", "已参加人数", "Heads that voted"),
                    shown("publishedOn", "公示日期", "Posted on"),
                    shown("finalOn", "生效日期", "Final on"),
                    shown("annulledAs", "撤销机关", "Annulled by"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.MANDATES,
        "mandates",
        (
            Part(
                "授权委托",
                "Authorities to vote",
                (
                    shown("kind", "委托类型", "Kind"),
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("vote.title", "表决名称", "Vote"),
                    shown("principal.name", "委托人", "Given by"),
                    shown("agent.name", "受托人", "Agent"),
                    shown("committee.name", "受托组织", "Body"),
                    shown("validFrom", "开始日期", "From"),
                    shown("validTo", "截止日期", "To"),
                    shown("revokedAt", "撤销时间", "Revoked at"),
                ),
            ),
        ),
    ),
)
