"""Refuse refunds above what was paid.

The payment's row is locked, then the refunds are summed: without the lock, refunds made at the
same time do not see each other. FOR NO KEY UPDATE, because the foreign keys hold KEY SHARE.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHECK_REFUNDS = """
CREATE FUNCTION check_refunds_within_payment(payment integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    paid numeric;
    given_back numeric;
BEGIN
    SELECT amount INTO paid FROM payment_transactions WHERE id = payment FOR NO KEY UPDATE;
    SELECT coalesce(sum(net_refund), 0) INTO given_back
    FROM refunds
    WHERE payment_transaction_id = payment AND status NOT IN ('rejected', 'failed');
    IF given_back > paid THEN
        RAISE EXCEPTION 'refunds of % are more than the payment of %', given_back, paid
        USING ERRCODE = 'check_violation', TABLE = 'refunds',
              CONSTRAINT = 'refunds_within_payment';
    END IF;
END
$$
"""

REFUNDS = """
CREATE FUNCTION refunds_within_payment() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_refunds_within_payment(NEW.payment_transaction_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER refunds_within_payment
AFTER INSERT OR UPDATE OF payment_transaction_id, net_refund, status ON refunds
FOR EACH ROW EXECUTE FUNCTION refunds_within_payment()
"""

PAYMENTS = """
CREATE FUNCTION payment_transactions_cover_refunds() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_refunds_within_payment(NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER payment_transactions_cover_refunds
AFTER UPDATE OF amount ON payment_transactions
FOR EACH ROW EXECUTE FUNCTION payment_transactions_cover_refunds()
"""


def upgrade() -> None:
    op.execute(CHECK_REFUNDS)
    op.execute(REFUNDS)
    op.execute(PAYMENTS)


def downgrade() -> None:
    op.execute("DROP TRIGGER payment_transactions_cover_refunds ON payment_transactions")
    op.execute("DROP TRIGGER refunds_within_payment ON refunds")
    op.execute("DROP FUNCTION payment_transactions_cover_refunds()")
    op.execute("DROP FUNCTION refunds_within_payment()")
    op.execute("DROP FUNCTION check_refunds_within_payment(integer)")
