"""What an operation fails with."""

from __future__ import annotations

from typing import Any, Literal, Optional

from .response import Diagnostics
from .wit import field

Outcome = Literal["not-applied", "unknown"]
"""Whether a write that failed may have been applied."""


class CosmosError(Exception):
    """An operation that failed. Act on `kind`; none of its texts holds a key, a token or a document.

    `kind` is one of `invalid-argument`, `unauthorized`, `forbidden`, `not-found`, `conflict`, `precondition-failed`,
    `payload-too-large`, `throttled`, `timeout`, `cancelled`, `unavailable`, `transport`, `service`, `not-resumable`,
    `budget-spent`, `closed`.
    """

    kind: str
    message: str
    status: Optional[int]
    """The HTTP status of the service's answer; `None` if there was none."""
    sub_status: Optional[int]
    retryable: bool
    """Whether the same call may succeed later."""
    retry_after_ms: Optional[int]
    outcome: Outcome
    """`not-applied`: nothing was written. `unknown`: the write may have been applied."""
    failed_operation: Optional[int]
    """Which operation of a batch made it fail, counted from 0."""
    request_charge: float
    """Request units that the attempts cost."""
    activity_id: Optional[str]
    """What to tell Azure's support."""
    diagnostics: Optional[Diagnostics]

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.status = self.sub_status = self.retry_after_ms = self.failed_operation = None
        self.retryable = False
        self.outcome = "not-applied"
        self.request_charge = 0.0
        self.activity_id = None
        self.diagnostics = None

    @classmethod
    def from_rejection(cls, rejection: Any) -> CosmosError:
        """Refused before anything was sent."""
        return cls(field(rejection, "kind"), field(rejection, "message"))

    @classmethod
    def from_error(cls, error: Any) -> CosmosError:
        """A failed operation."""
        made = cls(field(error, "kind"), field(error, "message"))
        made.status = field(error, "status")
        made.sub_status = field(error, "sub-status")
        made.retryable = field(error, "retryable")
        made.retry_after_ms = field(error, "retry-after-ms")
        made.outcome = field(error, "outcome")
        made.failed_operation = field(error, "failed-operation")
        if (diagnostics := field(error, "diagnostics")) is not None:
            made.diagnostics = Diagnostics.of(diagnostics)
            made.request_charge = made.diagnostics.request_charge
            made.activity_id = made.diagnostics.activity_id
        return made
