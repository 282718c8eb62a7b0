"""Refusals in the shape Stripe gives them (https://docs.stripe.com/api/errors)."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An answer other than 2xx, carrying what Stripe's error object carries."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        remembered: bool = True,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_type = error_type
        self.code = code
        self.param = param
        #: Whether an idempotency key keeps this answer: not when parameters fail validation,
        #: not on a conflict (https://docs.stripe.com/api/idempotent_requests).
        self.remembered = remembered

    def body(self) -> Json:
        """Return the JSON body, without the members that do not apply."""
        error: Json = {"type": self.error_type, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return the refusal of a parameter: 400, not remembered by an idempotency key."""
    return ApiError(400, message, param=param, code=code, remembered=False)


def missing(kind: str, identifier: str, param: str = "id") -> ApiError:
    """Return Stripe's 404 for an unknown object."""
    return ApiError(
        404,
        f"No such {kind}: '{identifier}'",
        code="resource_missing",
        param=param,
        remembered=False,
    )


def conflict(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """Return the refusal of an act the object's state forbids: 400, remembered."""
    return ApiError(400, message, code=code, param=param)
