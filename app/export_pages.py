"""docs/list-exports.md: how every list comes out as a workbook, and its columns."""

from domain.exports import MOST_ROWS, REFERENCE
from resolvers.exports import MOST_WAITING
from schema.sheets import LISTS
from schema.sheets.declare import Listed


def list_exports(made: str) -> str:
    """The page; ``made`` is its first line, which says that it is generated."""
    return f"""\
{made}

# Writing lists to workbooks

Whatever list a person works with can be had as an XLSX workbook: a company's bills, a township's inspections, the bureau's
register. An export is the list query itself, asked by whoever wants it: it holds the rows that this person sees, and shows in
each cell what this person is shown (masked, or nothing, where the query says so). It is written in one snapshot of the data.

Lists that an import brings in have the very columns of [the import's sheets](register-import.md): export, correct, import.
Numbers of documents and phones stay out of those (an empty cell changes nothing). Rows that no import brings in, such as former
leaders or contracts that were filed here, stand on a second sheet named …{REFERENCE}, which an import passes over.

Money is in yuan with two decimals, areas in square metres, days and times are real dates (Asia/Shanghai), choices are what people
call them. Texts stay texts, whatever they begin with. Headers and labels are Chinese or English.

## Through the API

`listExport` takes the list, and under its query's name the same `where` that the query takes. It answers with a job.

```graphql
mutation ExportBills($input: ListExportInput!) {{
  listExport(input: $input) {{
    export {{ id state }}
    userErrors {{ code message field retryable }}
  }}
}}
```

```json
{{"input": {{"list": "FEE_BILLS", "where": {{"feeBills": {{"overdue": false, "dueFrom": "2020-01-01"}}}}, "locale": "zh-CN"}}}}
```

Ask for it by its id until `finishedAt` is set, or follow `listExportChanged`; `result.downloadUrl` is the workbook.

```graphql
query Export($id: ID!) {{
  node(id: $id) {{
    ... on ListExport {{ list state done total rowCount refusal finishedAt result {{ name downloadUrl }} }}
  }}
}}
```

`refusal` is set where nothing was written: `FORBIDDEN_ROLE` when none of the capacities holds any more in which it was asked
for, `LIST_TOO_LONG` above {MOST_ROWS:,} rows, which no sheet holds: narrow it by a condition. One account may have
{MOST_WAITING} unfinished exports. Each is on record (`auditEvents`), and only who asked for it sees it. `registerExport` writes
all of the register's sheets into one workbook, for the bureau.

## At the server's command line

```sh
anju export register.xlsx --county 370303
anju export bills.xlsx --county 370303 --list FEE_BILLS --where '{{"overdue": true}}'
anju export units.xlsx --county 370303 --list UNITS --locale en
```

It sees what the bureau sees. `--where` is the list query's `where` as JSON.

## The lists

| List | Query | Sheets | Rows |
|---|---|---|---|
{chr(10).join(_line(listed) for listed in LISTS.values())}
"""


def _line(listed: Listed) -> str:
    sheets = "、".join(f"{part.title}{' (import)' if part.sheet else ''}" for part in listed.parts)
    each = f"each one's `{listed.each}`" if listed.each else "one each"
    return f"| `{listed.name}` | `{listed.root}` | {sheets} | {each} |"
