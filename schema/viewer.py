"""What belongs to no subject: who is asking, rows by id, the labels of enums, the outcome of a lost answer."""

import datetime
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, cast

import strawberry

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.roles import GrantBasis, Role
from resolvers import idempotency
from schema.cases import task_counts
from schema.consents import VIEWER_FIELDS as CONSENT_FIELDS
from schema.engine.declare import ENTITIES, answer, listing
from schema.engine.intents import value_county
from schema.engine.messages import label
from schema.engine.run import Run
from schema.engine.types import TYPES, described, plain_type
from schema.engine.values import Ref, decode_id
from schema.sessions import VIEWER_FIELDS as SESSION_FIELDS

for _enumeration in (Role, GrantBasis):
    described(_enumeration)

MOST_NODES = 100


async def node(run: Run, id: Annotated[strawberry.ID, strawberry.argument(description="Any opaque id.")]) -> Ref | None:
    return found(id)


async def nodes(
    run: Run, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Opaque ids, at most 100.")]
) -> list[Ref | None]:
    if len(ids) > MOST_NODES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, field="ids", least=0, most=MOST_NODES)
    return [found(each) for each in ids]


def found(opaque: str) -> Ref | None:
    """The row that an id may name. An id that no row can have is like one whose row is not there."""
    try:
        return decode_id(opaque)
    except Refusal:
        return None


GRANT_SUBJECTS = {
    "unit": ("Unit", "unit_id"),
    "estate": ("Estate", "estate_id"),
    "area": ("PropertyArea", "area_id"),
    "company": ("Company", "company_id"),
    "committee": ("Committee", "committee_id"),
}

ViewerGrant = plain_type(
    "ViewerGrant",
    "A capacity that the caller has today: name its id in `X-Acting-As` to read and act in this capacity alone.",
    {
        "id": ("strawberry.ID", "What `X-Acting-As` takes."),
        "role": ("Role", "The capacity."),
        "county": ("str", "The county's six-digit code."),
        "office": ("str | None", "The office that the caller is posted to (officials)."),
        "township": ("str | None", "The township or subdistrict whose cases the caller handles."),
        "community": ("str | None", "The community whose cases the caller handles."),
        "unit": ("Unit | None", "The home (residents)."),
        "estate": ("Estate | None", "The estate of the home."),
        "area": ("PropertyArea | None", "The property area (committee members, project leaders)."),
        **{
            name: (f"{type_name} | None", text)
            for name, type_name, text in (
                ("company", "Company", "The employer (company staff)."),
                ("committee", "Committee", "The committee."),
            )
            if type_name in ENTITIES
        },
        "valid_from": ("datetime.date", "The first day."),
        "valid_to": ("datetime.date | None", "The day from which it no longer holds; null while no end is known."),
        "basis": ("GrantBasis", "The fact that it follows from, and with which it ends."),
        "acting_for": ("str | None", "Whom an official stands in for (代理)."),
        "powers": ("list[str]", "What it opens besides the role: an official's powers, a partner's scopes."),
    },
)

Viewer = plain_type(
    "Viewer",
    "The caller: an account, or a partner's client.",
    {
        "display_name": ("str", "The name to greet with."),
        "locale": ("str", "The language of the account's texts: zh-CN or en."),
        "today": ("datetime.date", "The server's day in Asia/Shanghai: deadlines count from it."),
        "counties": ("list[str]", "The counties in which the caller has a grant."),
        "roles": ("list[Role]", "The capacities that the caller has anywhere."),
        "grants": ("list[ViewerGrant]", "Every capacity, one by one."),
        "scopes": ("list[str]", "The scopes of a partner's token; empty for people."),
        "tasks": listing(
            "Task",
            "The caller's work queue (待办) over all workflows, overdue first.",
            where=lambda task, _env: task.closed_at.is_(None),
        ),
        "done_tasks": listing(
            "Task",
            "What was the turn of one of the caller's roles and is over (已办).",
            where=lambda task, _env: task.closed_at.is_not(None),
        ),
        "task_counts": answer(
            task_counts, "How much waits in each of the caller's queues.", shows="list[TaskCount] | None", of=True
        ),
        **SESSION_FIELDS,
        **CONSENT_FIELDS,
    },
)
TYPES["datetime"] = datetime


async def viewer(run: Run) -> dict[str, Any] | None:
    actor = run.actor
    if actor.is_anonymous:
        return None
    return {
        "display_name": actor.display_name,
        "locale": actor.locale,
        "today": actor.today,
        "counties": sorted(actor.counties),
        "roles": sorted(actor.roles),
        "grants": [shown_grant(grant) for grant in actor.grants],
        "scopes": sorted(actor.scopes),
    }


def shown_grant(grant: Grant) -> dict[str, Any]:
    subjects = {
        name: Ref(type_name, grant.county, cast(uuid.UUID, getattr(grant, attribute)))
        for name, (type_name, attribute) in GRANT_SUBJECTS.items()
        if getattr(grant, attribute) is not None and type_name in ENTITIES
    }
    plain = ("id", "role", "county", "office", "township", "community", "valid_from", "valid_to", "acting_for")
    return {
        **dict.fromkeys(GRANT_SUBJECTS),
        **{name: getattr(grant, name) for name in plain},
        "basis": BASES.get(grant.source_type, GrantBasis.OTHER),
        "powers": list(grant.scopes),
        **subjects,
    }


BASES: Mapping[str, GrantBasis] = {
    "ownership": GrantBasis.OWNERSHIP,
    "occupancy": GrantBasis.OCCUPANCY,
    "committee_member": GrantBasis.TERM,
    "company_staff": GrantBasis.EMPLOYMENT,
    "project_leader": GrantBasis.PROJECT,
    "official": GrantBasis.POSTING,
    "partner_agreement": GrantBasis.AGREEMENT,
    "unit_claim": GrantBasis.CLAIM,
}
"""The table of a grant's fact → what it is called."""


EnumLabel = plain_type(
    "EnumLabel",
    "How people call an enum value.",
    {"value": ("str", "The enum value."), "label": ("str", "What to show for it in the language asked for.")},
)


async def enum_labels(
    run: Run,
    name: Annotated[str, strawberry.argument(description="The enum's name in this schema, such as FilingState.")],
    locale: Annotated[
        str | None, strawberry.argument(description="zh-CN or en; otherwise that of Accept-Language.")
    ] = None,
) -> list[dict[str, str]]:
    definition = getattr(TYPES.get(name), "__strawberry_definition__", None)
    if definition is None or not hasattr(definition, "wrapped_cls"):
        raise Refusal(ErrorCode.NOT_FOUND, field="name")
    language = locale or run.context.locale
    return [{"value": each.name, "label": label(name, each.name, language)} for each in definition.values]


OperationOutcome = plain_type(
    "OperationOutcome",
    "What an intent did under an idempotency key.",
    {
        "name": ("str", "The mutation."),
        "node": ("Node | None", "The row that it made or changed, if the caller may still see it."),
        "at": ("DateTime", "When it was done."),
    },
)


async def operation_by_idempotency_key(
    run: Run,
    key: Annotated[str, strawberry.argument(description="The key that the intent was sent with.")],
    county: Annotated[str | None, strawberry.argument(description="Its county; needed with grants in several.")] = None,
) -> dict[str, Any] | None:
    where = county or value_county(run.actor)
    done = await run.within(where, lambda uow: idempotency.find(uow, key))
    if done is None:
        return None
    row = Ref(done.outcome_type, where, done.outcome_id) if done.outcome_type in ENTITIES and done.outcome_id else None
    return {"name": done.name, "node": row, "at": done.at}


QUERIES: Mapping[str, Any] = {
    "node": answer(
        node, "One row by its opaque id; null where there is none or the caller may not see it.", shows="Node | None"
    ),
    "nodes": answer(
        nodes,
        "Rows by their ids, in the same order; null for each that is not there or not visible.",
        shows="list[Node | None] | None",
    ),
    "viewer": answer(viewer, "Who is asking; null without a token.", shows="Viewer | None"),
    "enumLabels": answer(enum_labels, "What people call the values of an enum.", shows="list[EnumLabel] | None"),
    "operationByIdempotencyKey": answer(
        operation_by_idempotency_key,
        "What the caller's own intent did, for a client that lost the answer; null when nothing was done under the key.",
        shows="OperationOutcome | None",
    ),
}
