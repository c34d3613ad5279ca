-- What PostGraphile works with: a role of its own, which sees by policy what Anju compiles into its statements.
-- The county's fuse (policy "county", for everybody) stays; these restrict further, by settings of the transaction that
-- come from the token. Every setting is read once per statement, as the documentation recommends.
-- Run as superuser after the tables are filled; {owner} is the login that PostGraphile connects with.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_postgraphile') THEN
    CREATE ROLE bench_postgraphile NOLOGIN;
  END IF;
END $$;
GRANT bench_postgraphile TO {owner};
GRANT SELECT ON fee_bill, unit, building, estate, estate_area, service_contract, company, inspection, finding,
  fund_request, payment TO bench_postgraphile;
GRANT SELECT, INSERT ON ledger_account, ledger_transaction, posting, payment, allocation, audit_event, operation
  TO bench_postgraphile;
GRANT UPDATE ON fee_bill TO bench_postgraphile;

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO bench_postgraphile;

-- The places of an owner's units. Functions, because policies that look into each other's tables recurse.
CREATE FUNCTION bench.own_buildings() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT array_agg(u.building_id) FROM unit u
  WHERE u.county = ANY (string_to_array(current_setting('anju.counties', true), ','))
    AND u.id = ANY (current_setting('bench.units', true)::uuid[])
$$;
CREATE FUNCTION bench.own_estates() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT array_agg(u.estate_id) FROM unit u
  WHERE u.county = ANY (string_to_array(current_setting('anju.counties', true), ','))
    AND u.id = ANY (current_setting('bench.units', true)::uuid[])
$$;

CREATE POLICY bench ON fee_bill AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'OWNER' THEN unit_id = ANY ((SELECT current_setting('bench.units', true)::uuid[])::uuid[])
    WHEN 'BANK' THEN (SELECT 'fees:collect' = ANY (current_setting('bench.scopes', true)::text[]))
    ELSE false
  END);
CREATE POLICY bench ON unit AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'OWNER' THEN id = ANY ((SELECT current_setting('bench.units', true)::uuid[])::uuid[])
    WHEN 'TOWNSHIP' THEN estate_id IN (SELECT e.id FROM estate e)
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON building AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'OWNER' THEN id = ANY ((SELECT bench.own_buildings())::uuid[])
    WHEN 'TOWNSHIP' THEN estate_id IN (SELECT e.id FROM estate e)
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON estate AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'OWNER' THEN id = ANY ((SELECT bench.own_estates())::uuid[])
    WHEN 'TOWNSHIP' THEN township = ANY ((SELECT current_setting('bench.townships', true)::text[])::text[])
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON estate_area AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'TOWNSHIP' THEN estate_id IN (SELECT e.id FROM estate e)
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON service_contract AS RESTRICTIVE TO bench_postgraphile USING (
  signed_on IS NOT NULL AND CASE (SELECT current_setting('bench.role', true))
    WHEN 'TOWNSHIP' THEN township = ANY ((SELECT current_setting('bench.townships', true)::text[])::text[])
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON company AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'TOWNSHIP' THEN listed OR township = ANY ((SELECT current_setting('bench.townships', true)::text[])::text[])
    WHEN 'BUREAU' THEN true
    ELSE listed
  END);
CREATE POLICY bench ON inspection AS RESTRICTIVE TO bench_postgraphile USING (
  published_on IS NOT NULL OR CASE (SELECT current_setting('bench.role', true))
    WHEN 'TOWNSHIP' THEN township = ANY ((SELECT current_setting('bench.townships', true)::text[])::text[])
    WHEN 'BUREAU' THEN true
    ELSE false
  END);
CREATE POLICY bench ON finding AS RESTRICTIVE TO bench_postgraphile USING (
  EXISTS (SELECT FROM inspection i WHERE i.county = finding.county AND i.id = finding.inspection_id));
CREATE POLICY bench ON fund_request AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'BUREAU' THEN state <> 'DRAFT' OR applicant_id = (SELECT current_setting('bench.account', true)::uuid)
    ELSE false
  END);
CREATE POLICY bench ON payment AS RESTRICTIVE TO bench_postgraphile USING (
  CASE (SELECT current_setting('bench.role', true))
    WHEN 'BANK' THEN recorded_by_client = (SELECT current_setting('bench.client', true))
    ELSE false
  END);

-- Computed columns, the documented way to what is no plain relation: the contract in force of the estate's area.
CREATE FUNCTION bench.estate_contract(estate public.estate) RETURNS public.service_contract LANGUAGE sql STABLE AS $$
  SELECT c FROM public.estate_area l
  JOIN public.service_contract c ON c.county = l.county AND c.area_id = l.area_id
  WHERE l.county = estate.county AND l.estate_id = estate.id AND l.valid_to IS NULL
    AND c.state IN ('EFFECTIVE', 'EXPIRING', 'EXPIRED_CONTINUING')
  ORDER BY c.starts_on DESC LIMIT 1
$$;

-- The payment: the same rows as Anju writes, in one statement.
CREATE TYPE bench.paid AS (payment_id uuid, amount bigint, payment_state text, bill_id uuid, bill_state text, settled bigint);
CREATE FUNCTION bench.pay_bill(county text, bill_id uuid, amount bigint, reference text, key text)
RETURNS bench.paid LANGUAGE sql VOLATILE AS $$
WITH bill AS MATERIALIZED (
  SELECT b.* FROM public.fee_bill b WHERE b.county = pay_bill.county AND b.id = pay_bill.bill_id FOR NO KEY UPDATE
),
payable AS (
  SELECT bill.id, bill.state, bill.unit_id, bill.company_id, bill.area_id, bill.township, bill.community,
    bill.receivable_id, m.id AS money_id, uuidv7() AS payment_id, uuidv7() AS transaction_id,
    current_setting('bench.client') AS client, current_date AS today
  FROM bill
  JOIN public.ledger_account m ON m.county = pay_bill.county AND m.kind = 'BANK' AND m.unit_id IS NULL
    AND m.company_id = bill.company_id AND m.area_id IS NULL AND m.building_id IS NULL
  WHERE bill.state IN ('ISSUED', 'PARTIALLY_PAID') AND pay_bill.amount <= bill.amount + bill.adjusted - bill.settled
),
claim AS (
  INSERT INTO public.operation (county, id, client_id, key, name, input_hash, outcome_type, outcome_id, others, at)
  SELECT pay_bill.county, uuidv7(), client, pay_bill.key, 'feeBillPay',
    encode(sha256(convert_to(concat_ws('|', pay_bill.bill_id, pay_bill.amount, pay_bill.reference), 'UTF8')), 'hex'),
    'Payment', payable.payment_id,
    jsonb_build_array(jsonb_build_object('type', 'FeeBill', 'id', payable.id, 'version', NULL)), now() FROM payable
  ON CONFLICT DO NOTHING RETURNING id
),
paying AS (SELECT payable.* FROM payable CROSS JOIN claim),
tx AS (
  INSERT INTO public.ledger_transaction (county, id, kind, occurred_on, reason, reference, posted_by_client, posted_at)
  SELECT pay_bill.county, transaction_id, 'PAYMENT', today, 'BANK', pay_bill.reference, client, now() FROM paying
),
lines AS (
  INSERT INTO public.posting (county, transaction_id, line, account_id, occurred_on, amount)
  SELECT pay_bill.county, transaction_id, 1, money_id, today, pay_bill.amount FROM paying
  UNION ALL SELECT pay_bill.county, transaction_id, 2, receivable_id, today, -pay_bill.amount FROM paying
),
paid AS (
  INSERT INTO public.payment (county, id, unit_id, company_id, area_id, township, community, channel, issuer, reference,
    amount, prepaid, received_on, recorded_by_client, transaction_id, state, created_at)
  SELECT pay_bill.county, payment_id, unit_id, company_id, area_id, township, community, 'BANK', client,
    pay_bill.reference, pay_bill.amount, 0, today, client, transaction_id, 'SUCCEEDED', now() FROM paying
),
spread AS (
  INSERT INTO public.allocation (county, id, payment_id, bill_id, amount, occurred_on, created_at)
  SELECT pay_bill.county, uuidv7(), payment_id, id, pay_bill.amount, today, now() FROM paying
),
settled AS (
  UPDATE public.fee_bill b SET settled = b.settled + pay_bill.amount,
    state = CASE WHEN b.amount + b.adjusted - b.settled = pay_bill.amount THEN 'PAID' ELSE 'PARTIALLY_PAID' END,
    paid_on = CASE WHEN b.amount + b.adjusted - b.settled = pay_bill.amount THEN today END, updated_at = now()
  FROM paying WHERE b.county = pay_bill.county AND b.id = paying.id
  RETURNING b.id, b.state, b.settled, b.township, b.community, paying.state AS former, paying.payment_id, paying.client
),
event AS (
  INSERT INTO public.audit_event (county, id, client_id, grant_id, role, action, subject_type, subject_id, township,
    community, from_state, to_state, at)
  SELECT pay_bill.county, uuidv7(), client, current_setting('bench.grant')::uuid, 'BANK', 'feeBillPay', 'FeeBill', id, township,
    community, former, state, now()
  FROM settled
)
SELECT settled.payment_id, pay_bill.amount, 'SUCCEEDED', settled.id, settled.state, settled.settled FROM settled
$$;
