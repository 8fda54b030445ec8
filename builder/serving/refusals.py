"""Answers that say no: the status, a stable code, and words that say what to do."""

from __future__ import annotations

from builder.errors import BuilderError

RETRY_SECONDS = 1
# What is wrong with the model, not with the question.
_OF_THE_MODEL = ("not_a_number",)


class Refusal(Exception):
    """A request that is not answered.

    Args:
        status: the HTTP status.
        code: a stable name for programs.
        message: what happened and what to do, in plain words.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        # Half a character cannot be sent, and what a form holds is said again in messages.
        self.status, self.code, self.message = status, code, message.encode("utf-8", "replace").decode()

    def __reduce__(self) -> tuple[type[Refusal], tuple[int, str, str]]:
        return type(self), (self.status, self.code, self.message)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: when to try again, where that helps."""
        return {"Retry-After": str(RETRY_SECONDS)} if self.status == 503 else {}

    def to_json(self) -> dict[str, str]:
        """Return the body of the answer."""
        return {"error": self.message, "code": self.code}


def refused(error: BuilderError) -> Refusal:
    """Return the refusal that problems of a sample, or of the model's answer, amount to."""
    code = error.problems[0].code
    return Refusal(500 if code in _OF_THE_MODEL else 422, code, str(error))


def busy() -> Refusal:
    """Return the refusal of a request for which there is no place."""
    return Refusal(503, "busy", "Too many requests wait already. Try again in a moment.")


def full(most: int) -> Refusal:
    """Return the refusal of a request whose body has no room beside those of others."""
    message = (
        f"All requests together may hold {most / 1e6:,.0f} MB, and beside those that are being answered "
        "there is no room for this one. Try again in a moment, or send fewer or smaller samples at once."
    )
    return Refusal(503, "busy", message)


def too_slow(seconds: float) -> Refusal:
    """Return the refusal of a request whose answer took too long."""
    message = (
        f"There was no answer within {seconds:g} seconds, because the server has too much to do or the "
        "request is too large. Try again, or send fewer samples at once."
    )
    return Refusal(503, "too_slow", message)


def gone() -> Refusal:
    """Return what comes of a request whose client has hung up; nobody reads it but the counters."""
    return Refusal(499, "client_gone", "The client hung up before it had its answer.")


def failed() -> Refusal:
    """Return the refusal of a request that something unexpected stopped."""
    message = "The server could not answer this request. Its log says why; other requests go on."
    return Refusal(500, "internal_error", message)


def too_large_to_read() -> Refusal:
    """Return the refusal of a body that the process which reads it did not survive."""
    message = (
        "The process that reads large requests ended while it read this one, most often for want of memory. "
        "Send fewer or smaller samples at once; other requests go on."
    )
    return Refusal(503, "not_read", message)
