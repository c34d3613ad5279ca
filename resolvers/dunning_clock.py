"""What the county's clock does about unpaid bills every night: reminders, plans that broke, cases whose bills are paid (FEE-12).

All of it is sets: a night over a hundred thousand debtors is a handful of statements. What follows for a single case (notice,
broken plan, end) is then done by the cases' timers, through the list.
"""

import uuid

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from domain.committees import IN_OFFICE
from domain.dunning import DUNNING, GATHERING, RUNNING, DunningMeans, DunningState, DunningStep
from domain.roles import Role
from models.accounts import Account, AccountStatus
from models.base import new_id
from models.dunning import DunningCase
from resolvers.jobs import nightly
from resolvers.unit_of_work import UnitOfWork

PORTION = 20_000
"""Debtors reminded in one transaction."""

_NAMESPACE = uuid.UUID("0d6c1f7e-3f55-4b8a-9a6b-6c2f1d5be0a4")

_OVERDUE = """
overdue AS MATERIALIZED (
  SELECT b.id, b.unit_id, b.company_id, b.payer, b.area_id, b.township, b.community, b.due_on,
         b.amount + b.adjusted - b.settled AS open
  FROM fee_bill b
  WHERE b.county = :county AND b.state IN ('ISSUED', 'PARTIALLY_PAID') AND b.due_on < CAST(:today AS date)
    AND NOT EXISTS (SELECT FROM dunning_claim c WHERE c.county = :county AND c.bill_id = b.id AND c.ended_on IS NULL)
)"""

_JOIN = text(f"""
WITH {_OVERDUE},
joining AS (
  SELECT overdue.id AS bill_id, d.id AS case_id, row_number() OVER (ORDER BY overdue.id) AS n
  FROM overdue
  JOIN dunning_case d ON d.county = :county AND d.unit_id = overdue.unit_id AND d.company_id = overdue.company_id
    AND d.payer = overdue.payer AND d.state = ANY (CAST(:gathering AS text[]))
  LIMIT CAST(:size AS int)
),
joined AS (
  INSERT INTO dunning_claim (county, id, case_id, bill_id, created_at)
  SELECT :county, given.id, joining.case_id, joining.bill_id, CAST(:now AS timestamptz)
  FROM joining JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
  RETURNING case_id
),
touched AS (
  UPDATE dunning_case d SET updated_at = CAST(:now AS timestamptz), version = d.version + 1
  WHERE d.county = :county AND d.id IN (SELECT case_id FROM joined)
)
SELECT count(*) FROM joined
""")  # noqa: S608 - constants; every value is a bind

_OPEN = text(f"""
WITH {_OVERDUE},
debtors AS (
  SELECT o.unit_id, o.company_id, o.payer, min(o.due_on) AS due_since, sum(o.open) AS open,
         (array_agg(o.area_id ORDER BY o.due_on, o.id))[1] AS area_id,
         (array_agg(o.township ORDER BY o.due_on, o.id))[1] AS township,
         (array_agg(o.community ORDER BY o.due_on, o.id))[1] AS community,
         row_number() OVER (ORDER BY o.unit_id, o.company_id, o.payer) AS n
  FROM overdue o
  WHERE NOT EXISTS (
    SELECT FROM dunning_case d
    WHERE d.county = :county AND d.unit_id = o.unit_id AND d.company_id = o.company_id AND d.payer = o.payer
      AND d.state = ANY (CAST(:gathering AS text[]))
  )
  GROUP BY o.unit_id, o.company_id, o.payer
  ORDER BY o.unit_id, o.company_id, o.payer
  LIMIT CAST(:size AS int)
),
timed AS (
  SELECT debtors.*, given.id,
         GREATEST(due_since + CAST(:notice_days AS int), CAST(:today AS date) + CAST(:notice_days AS int) - 1)
           AS notice_on
  FROM debtors JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
),
opened AS (
  INSERT INTO dunning_case (county, id, title, state, state_since, step, due_on, wake_at, workflow, workflow_version,
                            profile_version, version, township, community, estate_id, area_id, company_id, committee_id,
                            applicant_id, applicant_role, unit_id, payer, due_since, notice_on, demand_on, created_at,
                            updated_at)
  SELECT :county, timed.id, '催缴：' || u.name, :reminded, CAST(:now AS timestamptz), 0, NULL,
         CAST(timed.notice_on AS timestamp) AT TIME ZONE 'Asia/Shanghai', :workflow, :workflow_version,
         :profile_version, 1, timed.township, timed.community, u.estate_id, timed.area_id, timed.company_id,
         (SELECT k.id FROM committee k
          WHERE k.county = :county AND k.area_id = timed.area_id AND k.state = ANY (CAST(:in_office AS text[]))
            AND k.term_from <= CAST(:today AS date) AND k.term_to >= CAST(:today AS date)
          ORDER BY k.term_from DESC, k.id LIMIT 1),
         CAST(:applicant_id AS uuid), :applicant_role, timed.unit_id, timed.payer, timed.due_since, timed.notice_on,
         timed.notice_on + CAST(:demand_days AS int) - CAST(:notice_days AS int), CAST(:now AS timestamptz),
         CAST(:now AS timestamptz)
  FROM timed JOIN unit u ON u.county = :county AND u.id = timed.unit_id
  RETURNING id
),
reminded AS (
  INSERT INTO dunning_record (county, id, case_id, step, taken_on, means, outstanding, role, at)
  SELECT :county, given.id, timed.id, :reminder, CAST(:today AS date), :means, timed.open, :role,
         CAST(:now AS timestamptz)
  FROM timed JOIN unnest(CAST(:record_ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
),
noted AS (
  INSERT INTO audit_event (county, id, role, action, subject_type, subject_id, township, community, to_state, at)
  SELECT :county, given.id, :role, 'OPEN', 'DunningCase', timed.id, timed.township, timed.community, :reminded,
         CAST(:now AS timestamptz)
  FROM timed JOIN unnest(CAST(:event_ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
)
SELECT id FROM opened
""")  # noqa: S608


@nightly
async def remind(uow: UnitOfWork) -> bool:
    """Remind the debtors whose bills fell due yesterday or before, a case each; further bills join a case that gathers.

    Bills in dispute rest. ``True`` while there are more debtors.
    """
    common = {
        "county": uow.county,
        "today": uow.today,
        "now": uow.now,
        "size": PORTION,
        "gathering": sorted(GATHERING),
    }
    opened = await uow.session.scalars(
        _OPEN,
        {
            **common,
            "notice_days": uow.profile.dunning_notice_days,
            "demand_days": uow.profile.dunning_demand_days,
            "reminded": DunningState.REMINDED.value,
            "workflow": DUNNING.id,
            "workflow_version": DUNNING.version,
            "profile_version": uow.profile.version,
            "in_office": sorted(IN_OFFICE),
            "applicant_id": await clock_account(uow),
            "applicant_role": Role.SYSTEM.value,
            "reminder": DunningStep.REMINDER.value,
            "means": DunningMeans.APP.value,
            "role": Role.SYSTEM.value,
            "ids": _ids(PORTION),
            "record_ids": _ids(PORTION),
            "event_ids": _ids(PORTION),
        },
    )
    cases = opened.all()
    for case_id in cases:
        uow.notify(DunningCase(county=uow.county, id=case_id))
    joined = await uow.session.scalar(_JOIN, {**common, "ids": _ids(PORTION)})
    return PORTION in (len(cases), joined)


_BROKEN = text("""
UPDATE dunning_case d
SET broken_on = CAST(:today AS date), wake_at = CAST(:now AS timestamptz), version = d.version + 1
WHERE d.county = :county AND d.state = :settled AND d.broken_on IS NULL
  AND (SELECT COALESCE(sum(i.amount), 0) FROM instalment i
       WHERE i.county = :county AND i.case_id = d.id AND i.plan = d.plan AND i.due_on < CAST(:today AS date))
    > d.plan_total
      - (SELECT COALESCE(sum(b.amount + b.adjusted - b.settled), 0)
         FROM dunning_claim c JOIN fee_bill b ON b.county = :county AND b.id = c.bill_id
         WHERE c.county = :county AND c.case_id = d.id AND b.state <> 'VOIDED')
""")

_PAID = text("""
UPDATE dunning_case d
SET paid_on = CAST(:today AS date), wake_at = CAST(:now AS timestamptz), version = d.version + 1
WHERE d.county = :county AND d.state = ANY (CAST(:running AS text[])) AND d.paid_on IS NULL
  AND EXISTS (SELECT FROM dunning_claim c WHERE c.county = :county AND c.case_id = d.id)
  AND NOT EXISTS (
    SELECT FROM dunning_claim c JOIN fee_bill b ON b.county = :county AND b.id = c.bill_id
    WHERE c.county = :county AND c.case_id = d.id AND b.state <> 'VOIDED' AND b.settled < b.amount + b.adjusted
  )
""")


@nightly
async def look_after_cases(uow: UnitOfWork) -> bool:
    """Find the plans of which an instalment was missed, and the cases whose bills are all paid; the timers move them."""
    now = {"county": uow.county, "today": uow.today, "now": uow.now}
    await uow.session.execute(_PAID, {**now, "running": sorted(RUNNING)})
    await uow.session.execute(_BROKEN, {**now, "settled": DunningState.SETTLED.value})
    return False


async def clock_account(uow: UnitOfWork) -> uuid.UUID:
    """The standing account in whose name the county's clock opens cases; nobody signs in with it."""
    account_id = uuid.uuid5(_NAMESPACE, uow.county)
    made = insert(Account).values(
        id=account_id,
        login=f"clock:{uow.county}",
        display_name=uow.county,
        status=AccountStatus.SUSPENDED.value,
    )
    await uow.session.execute(made.on_conflict_do_nothing())
    return account_id


def _ids(count: int) -> list[uuid.UUID]:
    return [new_id() for _ in range(count)]
