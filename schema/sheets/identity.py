"""The lists of who may do what: postings, partners' agreements, claims to units, invitations."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.OFFICIALS,
        "officials",
        (
            Part(
                "任职",
                "Postings",
                (
                    shown("name", "姓名", "Name"),
                    shown("role", "身份", "Role"),
                    shown("duty", "职责", "Duty"),
                    shown("office", "单位", "Office"),
                    shown("township", "街道（镇）代码", "Township"),
                    shown("community", "社区代码", "Community"),
                    shown("state", "状态", "State"),
                    shown("validFrom", "起始日期", "From"),
                    shown("validTo", "截止日期（不含）", "To"),
                    shown("actingFor.name", "代理对象", "Acting for"),
                    shown("basis", "任职文件", "Basis"),
                    shown("endedOn", "结束日期", "Ended on"),
                    shown("endedReason", "结束原因", "Reason"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.PARTNER_AGREEMENTS,
        "partnerAgreements",
        (
            Part(
                "合作协议",
                "Partners' agreements",
                (
                    shown("name", "合作单位", "Partner"),
                    shown("role", "类别", "Role"),
                    shown("clientId", "系统编号", "Client id"),
                    shown("purpose", "用途", "Purpose"),
                    shown("legalBasis", "依据", "Legal basis"),
                    shown("state", "状态", "State"),
                    shown("validFrom", "起始日期", "From"),
                    shown("validTo", "截止日期（不含）", "To"),
                    shown("endedOn", "终止日期", "Ended on"),
                    shown("endedReason", "终止原因", "Reason"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.UNIT_CLAIMS,
        "unitClaims",
        (
            Part(
                "房屋绑定申请",
                "Claims to units",
                (
                    shown("title", "房屋", "Unit"),
                    shown("way", "核验方式", "Way"),
                    shown("name", "申请人", "Applicant"),
                    shown("phone", "手机号", "Phone"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("boundOn", "绑定日期", "Bound on"),
                    shown("endedOn", "结束日期", "Ended on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.INVITATIONS,
        "invitations",
        (
            Part(
                "邀请",
                "Invitations",
                (
                    shown("unit.name", "房屋", "Unit"),
                    shown("phone", "手机号", "Phone"),
                    shown("state", "状态", "State"),
                    shown("issuedRole", "发出身份", "Issued as"),
                    shown("expiresAt", "有效期至", "Expires"),
                ),
            ),
        ),
    ),
)
