"""Pages that are made from the code, and the schema as text: ``python -m app.pages --write``.

Each page has one function here that returns its whole text. Without ``--write`` the command says which pages are not as
the code would have them, and ends with 1; ``tests/docs/test_pages.py`` asks the same.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import auth.policies  # noqa: F401 - the schema's models have them
from app.export_pages import list_exports
from app.texts import label, texts
from auth.visibility import POLICIES, Via, whole_county
from domain import workflow as lists
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.register import FORMS, Sheet
from domain.register_business import SHEETS
from domain.register_rows import MOST_FAULTS
from domain.roles import Role
from domain.transitions import ByProfile, Needs, Party, Transition, Workflow
from domain.workflows import ALL
from schema.api import graphql_schema, sdl
from schema.engine.declare import ENTITIES, Column
from schema.faults import RequestCode

ROOT = Path(__file__).parents[1]
MADE = "<!-- Made by `python -m app.pages --write`; edit {source} instead. -->"


def schema() -> str:
    """schema/schema.graphql: what clients generate their types from."""
    return sdl()


# -- docs/errors.md ---------------------------------------------------------------------------------------------------


def errors() -> str:
    """docs/errors.md: every code that a client can meet, and what it says."""
    expected = "\n".join(
        f"| `{code}` | {code.doc} | {_cell(_sentence('zh-CN', code))} | {_cell(_sentence('en', code))} "
        f"| {_yes(code.retryable)} |"
        for code in sorted(ErrorCode)
    )
    top = "\n".join(
        f"| `{code}` | {code.status} | {200 if code.well_formed else code.status} | {code.doc} | {_yes(code.retryable)} |"
        for code in RequestCode
    )
    return f"""\
{MADE.format(source="domain/errors.py, schema/faults.py and app/locales")}

# Errors

There are two kinds, and a client treats them differently.

## What a rule refuses: `userErrors`

A mutation whose request was in order but which the rules refuse answers with HTTP 200, and its payload says why in
`userErrors {{ code message field retryable }}`. `message` is for the person, in Chinese or English by `Accept-Language`; `code`
is for the program; `field` names the input field at fault. Nothing was changed. `retryable` says whether the same request
may succeed a little later without anybody doing anything. Queries and subscriptions have no payload: there the same code,
`field` and `retryable` are the `extensions` of a top-level error. The sign-in endpoints answer with the same four in `error`.

A value in braces is filled in.

| Code | When | 中文 | English | Retryable |
|---|---|---|---|---|
{expected}

## What is wrong with the request: top-level `errors`

The request as a whole failed. `extensions.code` says how; texts are English, for the developer of the client. Statuses differ by
the media type that the client accepts, as GraphQL over HTTP has it.

| Code | `application/graphql-response+json` | `application/json` | Meaning | Retryable |
|---|---|---|---|---|
{top}

`429` and `503` carry `Retry-After` (seconds). Repeat a mutation with the same `idempotencyKey`: it is then done once, whatever
became of the first answer.
"""


def _sentence(locale: Any, code: ErrorCode) -> str:
    return texts(locale)["errors"][code]


def _yes(holds: bool) -> str:
    return "yes" if holds else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# -- docs/roles.md ----------------------------------------------------------------------------------------------------

ALL_ROWS, SOME_ROWS, NO_ROWS = "●", "○", ""


def roles() -> str:
    """docs/roles.md: who there is, the types whose rows each role sees, and the fields that fewer see."""
    graphql_schema()
    people = [role for role in Role if role is not Role.SYSTEM]
    named = "\n".join(f"| `{role}` | {label('Role', role, 'zh-CN')} | {REACH[role]} |" for role in people)
    header = " | ".join(f"{label('Role', role, 'en')}" for role in people)
    rows = "\n".join(
        f"| `{name}` | {' | '.join(_extent(entity.model, role) for role in people)} |"
        for name, entity in sorted(ENTITIES.items())
    )
    return f"""\
{MADE.format(source="auth/policies and the types' audiences in schema")}

# Roles

An account has any number of *grants*; each is one role with one reach, from a day to a day. Reads use all of them together, a
write uses exactly one. `viewer {{ grants {{ id role county }} }}` lists them; `X-Acting-As: <grant id>` narrows a request to one.

| Role | 中文 | Reach of a grant |
|---|---|---|
{named}

## Rows

{ALL_ROWS} every row of the grant's county · {SOME_ROWS} those within the grant's reach, or that are published · empty: none.
A row that is not visible does not exist for the caller: lists and counts leave it out, `node` gives null.

| Type | {header} |
|---|{"---|" * len(people)}
{rows}

## Fields that fewer see

On a row that is visible, these fields are shown only to the roles named, for whom *that row* is visible; others get null, or the
mask where there is one.

| Field | Shown to | Others get |
|---|---|---|
{chr(10).join(_audiences())}
"""


REACH: Mapping[Role, str] = {
    Role.OWNER: "one unit, while the ownership is registered",
    Role.TENANT: "one unit, while the occupancy is registered",
    Role.COMMITTEE: "one committee and its property area, for the term",
    Role.COMPANY_ADMIN: "one company in a county",
    Role.PROJECT_LEADER: "one property area of the company, while appointed",
    Role.COMPANY_STAFF: "one company in a county",
    Role.COMMUNITY: "one community",
    Role.TOWNSHIP: "one township or subdistrict",
    Role.BUREAU: "one county",
    Role.PRICE: "one county",
    Role.MARKET: "one county",
    Role.BANK: "a client's agreement: counties and scopes",
    Role.COURT: "a client's agreement: counties and scopes",
    Role.APPLICANT: "the own claims to units, until 90 days after the decision",
}


def _extent(model: type[Any], role: Role) -> str:
    """How much of a table a role sees: a rule that follows the owner's row sees as much as the owner's rule."""
    rule = POLICIES.get(model, {}).get(role)
    if rule is None:
        return NO_ROWS
    if isinstance(rule, Via):
        return _extent(rule.parent, role)
    return ALL_ROWS if rule is whole_county else SOME_ROWS


def _audiences() -> Iterator[str]:
    for name, entity in sorted(ENTITIES.items()):
        for field, declared in sorted(entity.fields.items()):
            audience = getattr(declared, "to", None)
            if audience is None:
                continue
            masked = isinstance(declared, Column) and declared.mask is not None
            shown = ", ".join(sorted(f"{role}" for role in audience))
            yield f"| `{name}.{field}` | {shown} | {'a mask' if masked else 'null'} |"


# -- docs/workflows.md ------------------------------------------------------------------------------------------------


def workflows() -> str:
    """docs/workflows.md: every transition list as a diagram and as a table."""
    return f"""\
{MADE.format(source="the lists in domain/*.py")}

# Workflows

A case stands in a state; each action leads from a state to another, and the list says who may take it, what must be attached
and by when. A case finishes on the version of the list on which it started. Where a county's profile names the offices, the
diagram shows the name of the parameter. `SYSTEM` is the county's clock. A client need not know these lists:
`availableActions {{ action deadline missing blockedBy }}` on every case says what the caller may do now.

{chr(10).join(_workflow(one) for one in ALL)}"""


def _workflow(one: Workflow) -> str:
    rows = "\n".join(_transition(line) for line in (one.opening(), *one.transitions))
    return f"""\
## {one.title}: `{one.id}`, version {one.version}

```mermaid
{lists.mermaid(one).rstrip()}
```

| Action | From | To | By | Documents | Basis |
|---|---|---|---|---|---|
{rows}
"""


def _transition(line: Transition) -> str:
    joint = " and " if line.joined is True else f" and (if {line.joined}) " if line.joined else ", "
    by = joint.join(_party(party) for party in line.by)
    target = line.target or "as before"
    papers = ", ".join(_paper(need) for need in line.documents)
    return f"| {line.action} | {', '.join(line.sources)} | {target} | {by} | {_cell(papers)} | {_cell(', '.join(line.basis))} |"


def _party(party: Party) -> str:
    if isinstance(party, ByProfile):
        return f"`{party.parameter}`"
    return party.value if isinstance(party, Role) else "/".join(sorted(party))


def _paper(need: DocumentKind | Needs) -> str:
    if not isinstance(need, Needs):
        return need.value
    return " or ".join(kind.value for kind in need.any_of) + (f" (where `{need.when}`)" if need.when else "")


# -- docs/register-import.md -------------------------------------------------------------------------------------------


def register_import() -> str:
    """docs/register-import.md: how a county's register comes in, and every column of its sheets."""
    return f"""\
{MADE.format(source="domain/register*.py and, for the text, app/pages.py")}

# Bringing a county's register in

The first job of a county is one table of everything (全县一张表): its property areas, estates, buildings, units, owners and what
hangs on them, in one workbook. It comes in whole or not at all, and it may come in again: rows are known by their keys, what is
the same stays, what differs is changed.

## In four steps

```sh
anju import --template register.xlsx
anju import register.xlsx --county 370303 --dry-run
anju import register.xlsx --county 370303
anju export after.xlsx --county 370303
```

1. The template has a sheet for each table below and a legend. Needed columns carry an asterisk. Fill in what there is; sheets
   that are not needed may be left out or empty.
2. The dry run reads and checks everything against what is registered, and writes nothing. With faults it ends with 1 and leaves
   two files beside yours: `register.faults.xlsx`, a copy in which every cell at fault is red and says what is wrong, and
   `register.faults.json`.
3. The import does the same and keeps it, in one transaction. It says by sheet how many rows were created, updated and unchanged.
4. The export has the same columns; every list by itself, and lists that are not imported: [list-exports.md](list-exports.md).
   Sealed data (documents' numbers, phones) is left out of it: an empty cell of these columns changes nothing when the file
   comes in again.

The same works with a folder or a ZIP of CSV files, one a sheet, each named like it (`units.csv` or the Chinese name), in UTF-8 or
GB18030. Sheets and headers may be Chinese or English. A ZIP may hold them in a folder; one that is encrypted, damaged, holds
names that lead out of it, or unpacks to more than 1 GiB or 200 times its size is refused as a whole (`FILE_…` in
[errors.md](errors.md)).

## Faults

```json
{{
  "count": 1,
  "faults": [
    {{"sheet": "房屋", "row": 17, "column": "房号", "code": "REQUIRED", "reason": "{_sentence("zh-CN", ErrorCode.REQUIRED)}"}}
  ]
}}
```

Rows count from 1, the headers included. `code` is one of [errors.md](errors.md). At most {MOST_FAULTS:,} faults are listed;
`count` is of all. Rows that refer to a row at fault are not blamed for it.

## Through the API

The bureau's own client uploads the workbook, or a ZIP of CSV files (`application/zip`), of up to 20 MiB (kind `OTHER`, as
[clients.md](clients.md) says), and starts the same as a job:

```graphql
mutation Import($input: RegisterImportInput!) {{
  registerImport(input: $input) {{
    job {{ id }}
    userErrors {{ code message field retryable }}
  }}
}}
```

It goes on in the background. Ask for it by its id until `finishedAt` is set, or follow `registerJobChanged`. `registerExport` is
a job too.

```graphql
query Progress($job: ID!) {{
  node(id: $job) {{
    ... on RegisterJob {{
      state step done total counts faultCount faults finishedAt
      result {{ name downloadUrl }}
    }}
  }}
}}
```

## How cells are written

| In the tables below | What to write |
|---|---|
{chr(10).join(f"| {kind.value} | {form} |" for kind, form in FORMS.items())}

A choice may be its Chinese word or its English value. Money is in yuan and area in square metres here (the API counts in fen and
hundredths of a square metre).

## The sheets, in the order in which they build on each other

The key tells the rows of a sheet apart.

{chr(10).join(_sheet(sheet) for sheet in SHEETS)}"""


def _sheet(sheet: Sheet) -> str:
    rows = "\n".join(
        f"| {column.title} | `{column.name}` | {_yes(column.required)} | {column.kind.value} "
        f"| {_cell(column.listed.replace(' | ', '、'))} | {_cell(column.example)} | {_cell(column.note)} |"
        for column in sheet.columns
    )
    key = " + ".join(f"`{name}`" for name in sheet.key)
    return f"""\
### {sheet.title}: `{sheet.name}`

{sheet.about} Key: {key}.

| Header | English | Needed | Form | Choices | Example | Note |
|---|---|---|---|---|---|---|
{rows}
"""


# -- the command ------------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/errors.md": errors,
    "docs/list-exports.md": lambda: list_exports(MADE.format(source="app/export_pages.py and schema/sheets")),
    "docs/register-import.md": register_import,
    "docs/roles.md": roles,
    "docs/workflows.md": workflows,
    "schema/schema.graphql": schema,
}


def stale(root: Path = ROOT) -> list[str]:
    """The pages whose file is not what the code makes of it."""
    return [path for path, make in PAGES.items() if not _same(root / path, make())]


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text("utf-8") == text


def write(root: Path = ROOT) -> list[str]:
    """Write what is stale; returns the paths written."""
    paths = stale(root)
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(PAGES[path](), "utf-8")
    return paths


def main() -> None:
    """``python -m app.pages [--write]``."""
    options = argparse.ArgumentParser(prog="python -m app.pages", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--write", action="store_true", help="write the pages that are not up to date")
    if options.parse_args().write:
        sys.stdout.write("".join(f"wrote {path}\n" for path in write()))
        return
    found = stale()
    sys.stdout.write("".join(f"not up to date: {path}\n" for path in found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
