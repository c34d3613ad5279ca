"""The comparison of statements with the books, as statements over whole sets: 100,000 lines are no loop."""

from domain.custody import MONEY

_MONEY = ", ".join(f"'{kind.value}'" for kind in MONEY.values())
"""The kinds of the books' accounts at a bank."""

# Binds: :county, :account (the bank account's id); of what writes :now; of what is asked of a day :until and :booked_until.

REPEATED = """
WITH numbered AS (
  SELECT l.id, l.amount, l.value_date, l.statement_id, s.period_from, s.period_to,
         first_value(l.id) OVER w AS first_id,
         first_value(l.amount) OVER w AS first_amount,
         first_value(l.value_date) OVER w AS first_day,
         first_value(l.statement_id) OVER w AS first_statement,
         first_value(s.period_from) OVER w AS first_from,
         first_value(s.period_to) OVER w AS first_to,
         lag(l.id) OVER w AS former_id,
         lag(l.amount) OVER w AS former_amount
  FROM statement_line l
  JOIN bank_statement s ON s.county = l.county AND s.id = l.statement_id AND s.county = :county
  LEFT JOIN statement_match m ON m.county = :county AND m.line_id = l.id
  WHERE l.county = :county AND l.bank_account_id = :account AND s.state <> 'RECEIVING'
  WINDOW w AS (PARTITION BY l.serial ORDER BY m.movement_id IS NULL, s.period_from, s.period_to, s.id, l.position)
)
INSERT INTO statement_match (county, line_id, bank_account_id, movement_id, repeats_id, basis, matched_at)
SELECT :county, n.id, :account, NULL,
       CASE WHEN n.amount = -n.first_amount AND n.former_amount = n.first_amount THEN n.former_id ELSE n.first_id END,
       CASE WHEN n.amount = -n.first_amount THEN 'REVERSAL'
            WHEN n.amount = n.first_amount AND n.value_date = n.first_day AND n.statement_id <> n.first_statement
                 AND n.value_date BETWEEN n.period_from AND n.period_to
                 AND n.value_date BETWEEN n.first_from AND n.first_to THEN 'OVERLAP'
            ELSE 'DUPLICATE' END,
       :now
FROM numbered n
WHERE n.id <> n.first_id
  AND NOT EXISTS (SELECT 1 FROM statement_match m WHERE m.county = :county AND m.line_id = n.id)
"""
"""Lines with the serial of an earlier one: taken back, booked twice, or listed in two statements of the same days."""

TAKEN_BACK = """
INSERT INTO statement_match (county, line_id, bank_account_id, movement_id, repeats_id, basis, matched_at)
SELECT :county, found.id, :account, NULL, found.original, 'REVERSAL', :now
FROM (
  SELECT DISTINCT ON (o.id) l.id, o.id AS original
  FROM statement_line l
  JOIN statement_line o ON o.county = :county AND o.bank_account_id = :account AND o.code = l.code
       AND o.amount = -l.amount AND NOT o.is_reversal AND o.id <> l.id
  WHERE l.county = :county AND l.bank_account_id = :account AND l.is_reversal AND l.code IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM statement_match m WHERE m.county = :county AND m.line_id = l.id)
    AND NOT EXISTS (SELECT 1 FROM statement_match m WHERE m.county = :county AND m.repeats_id = o.id
                    AND m.basis = 'REVERSAL')
  ORDER BY o.id, l.id
) found
ON CONFLICT DO NOTHING
"""
"""Lines that the bank marks as reversals under a serial of their own: found by their code and the opposite amount."""

_FREE = """
free_lines AS (
  SELECT l.id, l.serial, l.amount, l.value_date, l.code
  FROM statement_line l
  JOIN bank_statement s ON s.county = l.county AND s.id = l.statement_id AND s.county = :county
  WHERE l.county = :county AND l.bank_account_id = :account AND s.state <> 'RECEIVING'
    AND NOT EXISTS (SELECT 1 FROM statement_match m WHERE m.county = :county AND m.line_id = l.id)
),
free_movements AS (
  SELECT b.id, b.serial, b.amount, b.value_date, b.code
  FROM bank_movement b
  WHERE b.county = :county AND b.bank_account_id = :account
    AND NOT EXISTS (SELECT 1 FROM statement_match m WHERE m.county = :county AND m.movement_id = b.id)
)
"""


def _matched(basis: str, pairs: str) -> str:
    return f"""
WITH {_FREE}
INSERT INTO statement_match (county, line_id, bank_account_id, movement_id, repeats_id, basis, matched_at)
SELECT :county, pair.line_id, :account, pair.movement_id, NULL, '{basis}', :now
FROM ({pairs}) pair
"""  # noqa: S608 - texts of this module


BY_SERIAL = _matched(
    "SERIAL",
    "SELECT l.id AS line_id, b.id AS movement_id FROM free_lines l JOIN free_movements b ON b.serial = l.serial",
)

BY_CODE = _matched(
    "CODE",
    """SELECT l.id AS line_id, b.id AS movement_id
       FROM (SELECT *, row_number() OVER (PARTITION BY amount, value_date, code ORDER BY id) AS place
             FROM free_lines WHERE code IS NOT NULL) l
       JOIN (SELECT *, row_number() OVER (PARTITION BY amount, value_date, code ORDER BY id) AS place
             FROM free_movements WHERE code IS NOT NULL) b USING (amount, value_date, code, place)""",
)

BY_AMOUNT = _matched(
    "AMOUNT",
    """SELECT l.id AS line_id, b.id AS movement_id
       FROM (SELECT *, count(*) OVER (PARTITION BY amount, value_date) AS alike FROM free_lines) l
       JOIN (SELECT *, count(*) OVER (PARTITION BY amount, value_date) AS alike FROM free_movements) b
         USING (amount, value_date)
       WHERE l.alike = 1 AND b.alike = 1 AND (l.code IS NULL OR b.code IS NULL)""",
)
"""Only where one line and one movement come into question, and no code says otherwise."""

MATCHES = (REPEATED, TAKEN_BACK, BY_SERIAL, BY_CODE, BY_AMOUNT)
"""In this order; each takes what the ones before have left."""

_ITEMS = """
bounds AS (
  SELECT min(period_from) AS first_day, max(period_to) AS last_day
  FROM bank_statement WHERE county = :county AND bank_account_id = :account AND state <> 'RECEIVING'
    AND period_to <= :until
),
lines AS (
  SELECT l.id, l.serial, l.amount, l.value_date, l.statement_id, m.movement_id, m.repeats_id, m.basis
  FROM statement_line l
  JOIN bank_statement s ON s.county = l.county AND s.id = l.statement_id AND s.county = :county
  LEFT JOIN statement_match m ON m.county = :county AND m.line_id = l.id
  WHERE l.county = :county AND l.bank_account_id = :account AND s.state <> 'RECEIVING' AND s.period_to <= :until
),
taken_back AS (
  SELECT repeats_id AS id FROM lines WHERE basis = 'REVERSAL'
),
booked AS (
  SELECT b.id, b.serial, b.value_date, b.amount, b.code,
         CASE WHEN t.occurred_on > :booked_until OR r.id IS NOT NULL THEN 0 ELSE b.amount END AS held,
         r.id IS NOT NULL AS reversed
  FROM bank_movement b
  JOIN ledger_transaction t ON t.county = :county AND t.id = b.transaction_id
  -- A reversal that the bank reported itself (退汇) is a movement of its own, and so is its line.
  LEFT JOIN ledger_transaction r ON r.county = :county AND r.reverses_id = t.id AND r.occurred_on <= :booked_until
    AND NOT EXISTS (SELECT 1 FROM bank_movement own WHERE own.county = :county AND own.transaction_id = r.id)
  WHERE b.county = :county AND b.bank_account_id = :account
),
corrected AS (
  SELECT d.line_id, d.movement_id, d.balance_of_id, d.amount
  FROM bank_difference d
  JOIN ledger_transaction t ON t.county = :county AND t.id = d.transaction_id AND t.occurred_on <= :booked_until
  LEFT JOIN ledger_transaction r ON r.county = :county AND r.reverses_id = t.id AND r.occurred_on <= :booked_until
  WHERE d.county = :county AND d.bank_account_id = :account AND r.id IS NULL
),
twins AS (
  SELECT DISTINCT b.code, b.amount, b.value_date FROM lines l JOIN booked b ON b.id = l.movement_id
  WHERE b.code IS NOT NULL
),
items AS (
  -- the bank has it, the books do not
  SELECT CASE WHEN l.basis IS NULL THEN 'MISSING_IN_BOOKS' ELSE l.basis END AS kind,
         l.id AS line_id, CAST(NULL AS uuid) AS movement_id, l.serial, l.value_date,
         l.amount AS bank, CAST(0 AS bigint) AS books, false AS reversed
  FROM lines l
  WHERE (l.basis IS NULL OR l.basis = 'DUPLICATE') AND NOT EXISTS (SELECT 1 FROM taken_back t WHERE t.id = l.id)
  UNION ALL
  -- both have it
  SELECT CASE WHEN back.id IS NOT NULL OR b.reversed THEN 'REVERSED'
              WHEN l.amount <> b.held THEN 'ALTERED_AMOUNT'
              ELSE 'LATE' END,
         l.id, b.id, l.serial, l.value_date,
         CASE WHEN back.id IS NULL THEN l.amount ELSE 0 END, b.held, b.reversed
  FROM lines l
  JOIN booked b ON b.id = l.movement_id
  LEFT JOIN taken_back back ON back.id = l.id
  WHERE CASE WHEN back.id IS NULL THEN l.amount ELSE 0 END <> b.held
     OR (b.held <> 0 AND l.value_date <> b.value_date)
  UNION ALL
  -- the books have it, the bank does not
  SELECT CASE WHEN twin.code IS NULL THEN 'MISSING_AT_BANK' ELSE 'DUPLICATE' END,
         NULL, b.id, b.serial, b.value_date, 0, b.held, b.reversed
  FROM booked b CROSS JOIN bounds LEFT JOIN twins twin USING (code, amount, value_date)
  WHERE b.held <> 0 AND b.value_date BETWEEN bounds.first_day AND bounds.last_day
    AND NOT EXISTS (SELECT 1 FROM lines l WHERE l.movement_id = b.id)
)
"""
"""What differs, each line and movement by itself: by the statements until :until and what was booked until :booked_until.
``bank`` and ``books`` in fen."""

DIFFERENCES = f"""
WITH {_ITEMS}
SELECT i.kind, i.line_id, i.movement_id, i.serial, i.value_date, i.bank, i.books,
       t.posted_by, l.statement_id
FROM items i
LEFT JOIN statement_line l ON l.county = :county AND l.id = i.line_id
LEFT JOIN bank_movement b ON b.county = :county AND b.id = i.movement_id
LEFT JOIN ledger_transaction t ON t.county = :county AND t.id = b.transaction_id
"""  # noqa: S608 - texts of this module

FIGURES = f"""
WITH {_ITEMS},
open_items AS (
  SELECT i.bank, i.books, i.bank - i.books - coalesce((
    SELECT sum(c.amount) FROM corrected c
    WHERE c.line_id IS NOT DISTINCT FROM i.line_id AND c.movement_id IS NOT DISTINCT FROM i.movement_id
      AND c.balance_of_id IS NULL), 0) AS apart
  FROM items i
)
SELECT
  (SELECT CAST(coalesce(sum(p.amount), 0) AS bigint)
   FROM ledger_account a JOIN posting p ON p.county = a.county AND p.account_id = a.id AND p.county = :county
   WHERE a.county = :county AND a.bank_account_id = :account AND a.kind IN ({_MONEY}) AND p.occurred_on <= :until),
  CAST(coalesce(sum(apart) FILTER (WHERE books = 0), 0) AS bigint),
  CAST(coalesce(sum(apart) FILTER (WHERE bank = 0 AND books <> 0), 0) AS bigint),
  CAST(coalesce(sum(apart) FILTER (WHERE bank <> 0 AND books <> 0), 0) AS bigint),
  (SELECT CAST(coalesce(sum(amount), 0) AS bigint) FROM corrected WHERE balance_of_id IS NOT NULL)
FROM open_items
"""  # noqa: S608 - texts of this module
"""Book balance; what bank less books comes to: at the bank only, in the books only, in both with other amounts; and how
much of the book balance was booked because nothing explained it."""

CONTINUITY = """
UPDATE bank_statement s SET continuity = found.continuity, updated_at = :now, version = version + 1
FROM (
  SELECT id,
    CASE WHEN lag(id) OVER w IS NULL THEN 'FIRST'
         WHEN lag(period_to) OVER w >= period_from THEN 'OVERLAP'
         WHEN lag(period_to) OVER w + 1 < period_from OR lag(closing_balance) OVER w <> opening_balance THEN 'GAP'
         ELSE 'CONTINUOUS' END AS continuity
  FROM bank_statement
  WHERE county = :county AND bank_account_id = :account AND state <> 'RECEIVING'
  WINDOW w AS (ORDER BY period_from, period_to, id)
) found
WHERE s.county = :county AND s.id = found.id AND s.continuity IS DISTINCT FROM found.continuity
"""
"""How each statement follows the one before; a missing one that is handed in later closes the gap."""
