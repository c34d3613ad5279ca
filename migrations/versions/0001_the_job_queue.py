"""the job queue

The tables of Procrastinate 3.10, as that version ships them: a copy, so that this migration stays what it was when the
package moves on (later changes come as the package's own migration scripts, in migrations of ours).
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parent.parent / "procrastinate_3.sql"
TABLES = "procrastinate_workers, procrastinate_jobs, procrastinate_periodic_defers, procrastinate_events"


def upgrade() -> None:
    # Several statements in one text: only the driver's own simple protocol takes them.
    op.get_bind().connection.driver_connection.execute(SCHEMA.read_text())
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLES} TO anju_app")
    op.execute(
        "GRANT USAGE ON SEQUENCE procrastinate_workers_id_seq, procrastinate_jobs_id_seq, "
        "procrastinate_periodic_defers_id_seq, procrastinate_events_id_seq TO anju_app"
    )


def downgrade() -> None:
    op.execute(f"DROP TABLE {TABLES} CASCADE")
    op.execute(
        "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' "
        "LOOP EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $$"
    )
    op.execute(
        "DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type CASCADE"
    )
