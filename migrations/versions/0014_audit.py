"""Make the audit log append-only.

Two updates are permitted: sealing (a null becomes a value, once) and redaction (what names a
person becomes the erased marker; the digests stay, so that the chain still verifies).

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION admin_activity_logs_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    changeable CONSTANT text[] := ARRAY[
        'changes_sha256', 'chain_hash', 'seal_number', 'sealed_at',
        'changes', 'ip_address', 'user_agent', 'actor_label', 'updated_at'
    ];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - changeable = to_jsonb(NEW) - changeable
           AND to_jsonb(OLD) - 'updated_at' <> to_jsonb(NEW) - 'updated_at'
           AND coalesce(OLD.changes_sha256 = NEW.changes_sha256, OLD.changes_sha256 IS NULL)
           AND coalesce(OLD.chain_hash = NEW.chain_hash, OLD.chain_hash IS NULL)
           AND coalesce(OLD.seal_number = NEW.seal_number, OLD.seal_number IS NULL)
           AND coalesce(OLD.sealed_at = NEW.sealed_at, OLD.sealed_at IS NULL)
           AND NEW.changes IN (OLD.changes, '{"erased": true}')
           AND (NEW.ip_address IS NOT DISTINCT FROM OLD.ip_address
                OR coalesce(NEW.ip_address = 'erased', false))
           AND (NEW.user_agent IS NOT DISTINCT FROM OLD.user_agent
                OR coalesce(NEW.user_agent = 'erased', false))
           AND NEW.actor_label IN (OLD.actor_label, 'erased')
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % is refused', lower(TG_OP)
    USING ERRCODE = 'restrict_violation', TABLE = 'admin_activity_logs',
          CONSTRAINT = 'audit_append_only';
END
$$;
CREATE TRIGGER admin_activity_logs_append_only
BEFORE UPDATE OR DELETE ON admin_activity_logs
FOR EACH ROW EXECUTE FUNCTION admin_activity_logs_append_only();
CREATE TRIGGER admin_activity_logs_no_truncate
BEFORE TRUNCATE ON admin_activity_logs
FOR EACH STATEMENT EXECUTE FUNCTION admin_activity_logs_append_only()
"""


def upgrade() -> None:
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.execute("DROP TRIGGER admin_activity_logs_no_truncate ON admin_activity_logs")
    op.execute("DROP TRIGGER admin_activity_logs_append_only ON admin_activity_logs")
    op.execute("DROP FUNCTION admin_activity_logs_append_only()")
