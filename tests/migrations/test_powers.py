"""An upgrade takes nothing from those in post."""

import psycopg

from app.database import migrate
from tests.database import Database

GRANT = """
INSERT INTO account_grant (id, account_id, county, role, valid_from, source_type, source_id, ended_at)
VALUES (gen_random_uuid(), %(account)s, '370303', %(role)s, '2025-01-01', 'posting', gen_random_uuid(), %(ended)s)
"""


def test_officials_of_a_bureau_go_on_approving_the_use_of_the_fund(empty_database: Database) -> None:
    migrate(empty_database.url, "0015")
    with psycopg.connect(empty_database.superuser_url, autocommit=True) as connection:
        made = connection.execute(
            "INSERT INTO account (id, display_name) VALUES (gen_random_uuid(), '王小明') RETURNING id"
        ).fetchone()
        assert made is not None
        for role, ended in (("BUREAU", None), ("TOWNSHIP", None), ("BUREAU", "2025-06-01")):
            connection.execute(GRANT, {"account": made[0], "role": role, "ended": ended})
        migrate(empty_database.url)
        powers = connection.execute("SELECT role, ended_at IS NULL, scopes FROM account_grant").fetchall()
    assert sorted(powers) == [("BUREAU", False, []), ("BUREAU", True, ["funds:approve"]), ("TOWNSHIP", True, [])]
