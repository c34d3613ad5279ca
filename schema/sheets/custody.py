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
)
