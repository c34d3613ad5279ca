"""The statements of a bill run's portion: the receivable accounts that are missing, and the bills with their transaction.

Their binds are those of ``resolvers.bill_runs``, which runs them. Amounts are fen, areas 0.01 m².
"""

from sqlalchemy import text

from resolvers.ledger import posting_ctes

# The months of a period as an exact fraction: each part month is its days by its actual days (FEE-2). The same as
# ``domain.money.months_between``, and a test compares the two.
MONTHS = """
SELECT CASE WHEN spans = 0 THEN CAST(last AS date) - CAST(first AS date) + 1
            ELSE (first_days - first_day + 1) * last_days + last_day * first_days + (spans - 1) * first_days * last_days
       END AS numerator,
       CASE WHEN spans = 0 THEN first_days ELSE first_days * last_days END AS denominator
FROM (
  SELECT first, last,
         CAST(EXTRACT(DAY FROM first) AS bigint) AS first_day, CAST(EXTRACT(DAY FROM last) AS bigint) AS last_day,
         CAST(EXTRACT(DAY FROM date_trunc('month', CAST(first AS timestamp)) + interval '1 month - 1 day') AS bigint)
           AS first_days,
         CAST(EXTRACT(DAY FROM date_trunc('month', CAST(last AS timestamp)) + interval '1 month - 1 day') AS bigint)
           AS last_days,
         CAST((EXTRACT(YEAR FROM last) - EXTRACT(YEAR FROM first)) * 12
              + EXTRACT(MONTH FROM last) - EXTRACT(MONTH FROM first) AS bigint) AS spans
) calendar
"""

AMOUNT = """
CASE CAST(:basis AS text)
  WHEN 'ONCE' THEN CAST(:unit_price AS bigint)
  WHEN 'METERED' THEN (2 * area * CAST(:unit_price AS bigint) + 100) / 200
  WHEN 'SHARED' THEN area
  WHEN 'AREA' THEN (2 * area * CAST(:unit_price AS bigint) * months.numerator + 100 * months.denominator)
                   / (200 * months.denominator)
  ELSE (2 * CAST(:unit_price AS bigint) * months.numerator + months.denominator) / (2 * months.denominator)
END
"""
"""Fen, rounded once, half up: (2n + d) / 2d in whole numbers. The same as ``domain.fees.bill_amount``."""

_CHARGED_LESS = "(100 - CAST(:vacancy_percent AS bigint))"
DISCOUNT = f"""
CASE CAST(:basis AS text)
  WHEN 'AREA' THEN (2 * area * CAST(:unit_price AS bigint) * months.numerator * {_CHARGED_LESS} + 10000 * months.denominator)
                   / (20000 * months.denominator)
  ELSE (2 * CAST(:unit_price AS bigint) * months.numerator * {_CHARGED_LESS} + 100 * months.denominator)
       / (200 * months.denominator)
END
"""
"""What a vacant time is charged less, in fen, rounded once, half up. The same as ``domain.fees.vacancy_discount``."""

_CONSUMED = """
(SELECT CAST(COALESCE(SUM((latest.value - earlier.value) * m.multiplier), 0) AS bigint)
 FROM meter m
 CROSS JOIN LATERAL (
   SELECT r.value FROM meter_reading r
   WHERE r.county = :county AND r.meter_id = m.id AND r.read_on <= CAST(:period_to AS date)
     AND NOT EXISTS (SELECT FROM meter_reading c WHERE c.county = :county AND c.corrects_id = r.id)
   ORDER BY r.read_on DESC, r.value DESC LIMIT 1
 ) latest
 CROSS JOIN LATERAL (
   SELECT r.value FROM meter_reading r
   WHERE r.county = :county AND r.meter_id = m.id AND r.read_on < CAST(:period_from AS date)
     AND NOT EXISTS (SELECT FROM meter_reading c WHERE c.county = :county AND c.corrects_id = r.id)
   ORDER BY r.read_on DESC, r.value DESC LIMIT 1
 ) earlier
 WHERE m.county = :county AND m.unit_id = u.id AND m.kind = CAST(:utility AS text))
"""
"""What a unit's meters counted in a period, in 0.01 of their unit: from the last reading before it to its own last one."""

_PART = """
(SELECT CAST(COALESCE(SUM(s.amount), 0) AS bigint) FROM shared_cost_part s
 WHERE s.county = :county AND s.charge_item_id = CAST(:charge_item_id AS uuid)
   AND s.period_from = CAST(:period_from AS date) AND s.unit_id = u.id)
"""
"""What a unit bears of the costs that were shared out for a period, in fen."""

_PORTION = f"""
portion AS MATERIALIZED (
  SELECT u.id, u.estate_id,
         CASE CAST(:basis AS text) WHEN 'METERED' THEN {_CONSUMED} WHEN 'SHARED' THEN {_PART}
              ELSE COALESCE(u.chargeable_area, 0) END AS area,
         CASE WHEN u.developer_held THEN DATE '9999-12-31'
              WHEN u.delivered_on IS NULL THEN CAST(:period_from AS date)
              WHEN CAST(:fee_starts AS text) = 'DELIVERY' THEN u.delivered_on
              ELSE CAST(date_trunc('month', CAST(u.delivered_on AS timestamp)) + interval '1 month' AS date)
         END AS owner_from
  FROM unit u
  WHERE u.county = :county AND u.area_id = CAST(:area_id AS uuid) AND u.id > CAST(:after AS uuid)
    AND u.use = ANY (CAST(:uses AS text[]))
    AND (CAST(:other_types AS text[]) = '{{}}' OR NOT EXISTS (
      SELECT FROM building b WHERE b.county = :county AND b.id = u.building_id AND b.kind = ANY (CAST(:other_types AS text[]))
    ))
  ORDER BY u.id
  LIMIT CAST(:size AS int)
)"""  # noqa: S608 - constants; every value is a bind

_RECEIVABLES = """
receivables AS MATERIALIZED (
  SELECT a.id, a.unit_id
  FROM ledger_account a
  WHERE a.county = :county AND a.kind = 'RECEIVABLE' AND a.company_id = CAST(:company_id AS uuid)
    AND a.unit_id > CAST(:after AS uuid) AND a.unit_id <= (SELECT id FROM portion ORDER BY id DESC LIMIT 1)
)"""

OPEN_ACCOUNTS = text(f"""
WITH {_PORTION}, {_RECEIVABLES}
INSERT INTO ledger_account (county, id, kind, unit_id, company_id, opened_on)
SELECT :county, given.id, 'RECEIVABLE', numbered.id, CAST(:company_id AS uuid), CAST(:issued_on AS date)
FROM (SELECT portion.id, row_number() OVER (ORDER BY portion.id) AS n FROM portion
      WHERE portion.id NOT IN (SELECT unit_id FROM receivables)) numbered
JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given (id, n) USING (n)
ON CONFLICT DO NOTHING
""")  # noqa: S608 - constants; every value is a bind

_BOOKED = posting_ctes(
    """SELECT CAST(:transaction_id AS uuid) AS id, CAST(:kind AS text) AS kind, CAST(:issued_on AS date) AS occurred_on,
              CAST(:title AS text) AS reason, CAST(:number AS text) AS reference, CAST(NULL AS uuid) AS reverses_id
       WHERE EXISTS (SELECT FROM bills)""",
    """SELECT CAST(:transaction_id AS uuid) AS transaction_id, row_number() OVER () AS line,
              receivable_id AS account_id, CAST(:issued_on AS date) AS occurred_on, amount
       FROM bills
       UNION ALL
       SELECT CAST(:transaction_id AS uuid), 0, CAST(:income_id AS uuid), CAST(:issued_on AS date),
              -CAST(sum(amount) AS bigint)
       FROM bills HAVING count(*) > 0""",
)

ISSUE = text(f"""
WITH {_PORTION},
parts AS (
  -- The developer bears the days before the owner's first day, and all of them while the unit is unsold (FEE-3).
  -- A charge of its own (ONCE), a consumption and a shared cost are not divided: they are borne by whoever holds the
  -- unit at the period's end.
  SELECT portion.id, portion.estate_id, portion.area, part.payer, part.first, part.last
  FROM portion
  CROSS JOIN LATERAL (
    SELECT CASE WHEN CAST(:basis AS text) IN ('ONCE', 'METERED', 'SHARED') AND portion.owner_from <= CAST(:period_to AS date)
                THEN CAST(:period_from AS date) ELSE portion.owner_from END AS owner_from
  ) starts
  CROSS JOIN LATERAL (VALUES
    ('DEVELOPER', CAST(:period_from AS date), LEAST(CAST(:period_to AS date), starts.owner_from - 1)),
    ('OWNER', GREATEST(CAST(:period_from AS date), starts.owner_from), CAST(:period_to AS date))
  ) AS part (payer, first, last)
  WHERE part.first <= part.last
),
vacancies AS MATERIALIZED (
  -- Only where the item agrees to charge a vacant unit less, and only what is charged by the month (FEE-4).
  SELECT v.unit_id, v.vacant_to,
         CAST(v.vacant_from + make_interval(months => CAST(:vacancy_after_months AS int)) AS date) AS charged_less_from
  FROM unit_vacancy v
  WHERE v.county = :county AND v.area_id = CAST(:area_id AS uuid) AND v.company_id = CAST(:company_id AS uuid)
    AND v.unit_id > CAST(:after AS uuid) AND CAST(:vacancy_percent AS bigint) IS NOT NULL
    AND CAST(:basis AS text) IN ('AREA', 'UNIT', 'SPACE')
    AND v.vacant_from <= CAST(:period_to AS date) AND (v.vacant_to IS NULL OR v.vacant_to >= CAST(:period_from AS date))
),
discounts AS (
  SELECT vacant.id, vacant.part_first, CAST(SUM({DISCOUNT}) AS bigint) AS discount
  FROM (
    SELECT parts.id, parts.area, parts.first AS part_first, GREATEST(parts.first, v.charged_less_from) AS first,
           LEAST(parts.last, v.vacant_to) AS last
    FROM parts JOIN vacancies v ON v.unit_id = parts.id
    -- A developer's unsold or undelivered home is charged in full.
    WHERE parts.payer = 'OWNER'
  ) vacant
  CROSS JOIN LATERAL ({MONTHS}) months
  WHERE vacant.first <= vacant.last
  GROUP BY vacant.id, vacant.part_first
),
priced AS (
  SELECT parts.*, {AMOUNT} - COALESCE(discounts.discount, 0) AS amount, COALESCE(discounts.discount, 0) AS discount
  FROM parts
  LEFT JOIN discounts ON discounts.id = parts.id AND discounts.part_first = parts.first
  CROSS JOIN LATERAL ({MONTHS}) months
),
billed AS MATERIALIZED (
  SELECT x.unit_id, x.period_from, x.period_to
  FROM fee_bill x
  WHERE x.county = :county AND x.charge_item_id = CAST(:charge_item_id AS uuid) AND x.unit_id > CAST(:after AS uuid)
    AND x.kind = 'PRINCIPAL' AND x.state <> 'VOIDED'
    AND x.period_from <= CAST(:period_to AS date) AND x.period_to >= CAST(:period_from AS date)
),
{_RECEIVABLES},
tenancies AS MATERIALIZED (
  SELECT o.unit_id
  FROM occupancy o
  WHERE o.county = :county AND o.unit_id > CAST(:after AS uuid)
    AND o.unit_id <= (SELECT id FROM portion ORDER BY id DESC LIMIT 1)
    AND o.pays_fees AND o.valid_from <= CAST(:period_to AS date)
    AND (o.valid_to IS NULL OR o.valid_to > CAST(:period_to AS date))
),
chosen AS (
  SELECT priced.*, receivables.id AS receivable_id, row_number() OVER (ORDER BY priced.id, priced.first) AS n
  FROM priced JOIN receivables ON receivables.unit_id = priced.id
  WHERE priced.amount > 0
    AND NOT EXISTS (
      SELECT FROM billed
      WHERE billed.unit_id = priced.id AND billed.period_from <= priced.last AND billed.period_to >= priced.first
    )
),
bills AS (
  INSERT INTO fee_bill (county, id, number, kind, unit_id, estate_id, area_id, company_id, township, community,
                        charge_item_id, item_disclosure_id, bill_run_id, transaction_id, receivable_id, payer, title,
                        basis, period_from, period_to, area, unit_price, amount, vacancy_discount, adjusted, settled, state,
                        issued_on, due_on, created_at, updated_at)
  SELECT :county, given.id, :number || '-' || given.mark, 'PRINCIPAL',
         chosen.id, chosen.estate_id, CAST(:area_id AS uuid), CAST(:company_id AS uuid), :township, :community,
         CAST(:charge_item_id AS uuid), CAST(:item_disclosure_id AS uuid), CAST(:run_id AS uuid),
         CAST(:transaction_id AS uuid), chosen.receivable_id,
         CASE WHEN chosen.payer = 'OWNER' AND chosen.id IN (SELECT unit_id FROM tenancies) THEN 'TENANT'
              ELSE chosen.payer END,
         :title, :basis, chosen.first, chosen.last,
         CASE WHEN CAST(:basis AS text) IN ('AREA', 'METERED') THEN chosen.area ELSE 0 END, CAST(:unit_price AS bigint),
         chosen.amount, chosen.discount, 0, 0, 'ISSUED', CAST(:issued_on AS date), CAST(:due_on AS date),
         CAST(:now AS timestamptz), CAST(:now AS timestamptz)
  FROM chosen JOIN unnest(CAST(:ids AS uuid[]), CAST(:marks AS text[])) WITH ORDINALITY AS given (id, mark, n) USING (n)
  RETURNING unit_id, receivable_id, amount
),
{_BOOKED}
SELECT (SELECT count(*) FROM portion), (SELECT id FROM portion ORDER BY id DESC LIMIT 1),
       (SELECT count(DISTINCT unit_id) FROM bills), (SELECT count(*) FROM bills),
       (SELECT COALESCE(sum(amount), 0) FROM bills)
""")  # noqa: S608
