"""The lists of custody: accounts at banks, their statements, and what these differ in from the books."""

from domain.exports import ExportedList
from schema.sheets.declare import Listed, Part, shown

LISTS = (
    Listed(
        ExportedList.BANK_ACCOUNTS,
        "bankAccounts",
        (
            Part(
                "专户",
                "Bank accounts",
                (
                    shown("purpose", "用途", "Purpose"),
                    shown("holder", "管理方", "Managed by"),
                    shown("name", "户名", "In the name of"),
                    shown("bankName", "开户银行", "Bank"),
                    shown("bankCode", "联行号", "Line number"),
                    shown("number", "账号", "Number"),
                    shown("state", "状态", "State"),
                    shown("openedOn", "开户日期", "Opened on"),
                    shown("closedOn", "销户日期", "Closed on"),
                    shown("bookBalance", "账面余额（元）", "Book balance (yuan)"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.BANK_STATEMENTS,
        "bankStatements",
        (
            Part(
                "银行对账单",
                "Bank statements",
                (
                    shown("bankAccount.bankName", "开户银行", "Bank"),
                    shown("bankAccount.number", "账号", "Account"),
                    shown("number", "对账单号", "Number"),
                    shown("periodFrom", "起始日期", "From"),
                    shown("periodTo", "截止日期", "To"),
                    shown("openingBalance", "期初余额（元）", "Opening balance (yuan)"),
                    shown("closingBalance", "期末余额（元）", "Closing balance (yuan)"),
                    shown("lineCount", "笔数", "Lines"),
                    shown("state", "状态", "State"),
                    shown("continuity", "衔接情况", "Follows"),
                    shown("bookBalance", "账面余额（元）", "Book balance (yuan)"),
                    shown("atBankOnly", "银行已记账面未记（元）", "At the bank only (yuan)"),
                    shown("inBooksOnly", "账面已记银行未记（元）", "In the books only (yuan)"),
                    shown("altered", "金额不符（元）", "Altered (yuan)"),
                    shown("unexplained", "未说明差额（元）", "Unexplained (yuan)"),
                    shown("reconciledAt", "对账时间", "Compared at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.STATEMENT_FILES,
        "statementFiles",
        (
            Part(
                "对账单文件",
                "Files of statements",
                (
                    shown("bankAccount.number", "账号", "Account"),
                    shown("document.name", "文件名", "File"),
                    shown("state", "状态", "State"),
                    shown("statement.number", "对账单号", "Statement"),
                    shown("faultCount", "错误数", "Faults"),
                    shown("createdAt", "提交时间", "Handed in at"),
                    shown("finishedAt", "完成时间", "Read at"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.BANK_DIFFERENCES,
        "bankDifferences",
        (
            Part(
                "对账差异",
                "Differences with banks",
                (
                    shown("title", "事项", "Matter"),
                    shown("kind", "类型", "Kind"),
                    shown("state", "状态", "State"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("bankAccount.number", "账号", "Account"),
                    shown("statement.number", "对账单号", "Statement"),
                    shown("serial", "银行流水号", "Serial"),
                    shown("valueDate", "起息日", "Value date"),
                    shown("bankAmount", "银行金额（元）", "At the bank (yuan)"),
                    shown("bookAmount", "账面金额（元）", "In the books (yuan)"),
                    shown("amount", "差额（元）", "Bank less books (yuan)"),
                    shown("question", "询问", "Question"),
                    shown("answer", "答复", "Answer"),
                    shown("resolution", "处理方式", "Resolution"),
                    shown("explanation", "说明", "Explanation"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.CUSTODIAN_TENDERS,
        "custodianTenders",
        (
            Part(
                "专户管理银行招标",
                "Tenders for custodian banks",
                (
                    shown("title", "招标项目", "Tender"),
                    shown("state", "状态", "State"),
                    shown("publishedOn", "公告日期", "Published on"),
                    shown("closesOn", "截标日期", "Closes on"),
                    shown("scoredOn", "评标公示日期", "Scored on"),
                    shown("awardedOn", "中标日期", "Awarded on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.CUSTODIANS,
        "custodians",
        (
            Part(
                "专户管理银行",
                "Custodian banks",
                (
                    shown("bankName", "银行", "Bank"),
                    shown("state", "状态", "State"),
                    shown("stateSince", "状态时间", "State since"),
                    shown("dueOn", "办理期限", "Due on"),
                    shown("isOverdue", "逾期", "Overdue"),
                    shown("contractNumber", "合同编号", "Contract"),
                    shown("contractFrom", "合同起始", "From"),
                    shown("contractTo", "合同截止", "To"),
                    shown("bid.points", "评标得分", "Points of the bid"),
                    shown("objection", "异议", "Objection"),
                    shown("terminatedOn", "解除日期", "Terminated on"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.CUSTODIAN_MEASURES,
        "custodianMeasures",
        (
            Part(
                "考核办法",
                "Measures of assessment",
                (
                    shown("title", "名称", "Title"),
                    shown("issuedOn", "印发日期", "Issued on"),
                    shown("profileVersion", "参数版本", "Profile"),
                ),
            ),
        ),
    ),
    Listed(
        ExportedList.CUSTODY_TRANSFERS,
        "custodyTransfers",
        (
            Part(
                "专户划转",
                "Transfers between accounts",
                (
                    shown("area.name", "物业管理区域", "Property area"),
                    shown("building.name", "楼栋", "Building"),
                    shown("fromAccount.number", "转出账号", "From"),
                    shown("toAccount.number", "转入账号", "To"),
                    shown("amount", "金额（元）", "Amount (yuan)"),
                    shown("state", "状态", "State"),
                    shown("serial", "转入流水号", "Serial"),
                    shown("arrivedOn", "到账日期", "Arrived on"),
                ),
            ),
        ),
    ),
)
