"""People for the tests of access."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from rft_admin.accounts import passwords
from rft_admin.accounts.models import Role, User

NOW = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)
PASSWORD = "quiet-otter-lantern"

MakeUser = Callable[..., User]


@pytest.fixture
def make_user(session: Session) -> MakeUser:
    """Make a stored user; by default an admin with a known password."""

    def make(email: str = "robin@example.com", **columns: object) -> User:
        defaults: dict[str, object] = {
            "email": email,
            "first_name": "Robin",
            "role": Role.ADMIN,
            "password_hash": passwords.hash_password(PASSWORD),
        }
        user = User(**(defaults | columns))
        session.add(user)
        session.commit()
        return user

    return make
