"""What an operation answers with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional

from .wit import field


@dataclass(frozen=True)
class Attempt:
    """One request that the driver sent."""

    operation_name: str
    region: Optional[str]
    endpoint: str
    status: Optional[int]
    sub_status: Optional[int]
    request_charge: float
    duration_ms: float
    error: Optional[str]

    @classmethod
    def of(cls, attempt: Any) -> Attempt:
        return cls(
            field(attempt, "operation-name"), field(attempt, "region"), field(attempt, "endpoint"),
            field(attempt, "status"), field(attempt, "sub-status"), field(attempt, "request-charge"),
            field(attempt, "duration-ms"), field(attempt, "error"),
        )


@dataclass(frozen=True)
class Diagnostics:
    """What the driver did for an operation: all of its requests, retries and failovers."""

    activity_id: str
    duration_ms: float
    request_charge: float
    request_count: int
    attempts: tuple[Attempt, ...]

    @classmethod
    def of(cls, diagnostics: Any) -> Diagnostics:
        return cls(
            field(diagnostics, "activity-id"), field(diagnostics, "duration-ms"),
            field(diagnostics, "request-charge"), field(diagnostics, "request-count"),
            tuple(Attempt.of(attempt) for attempt in field(diagnostics, "attempts")),
        )


@dataclass(frozen=True)
class BatchResult:
    """What became of one operation of a batch or a bulk."""

    status: int
    request_charge: float
    etag: Optional[str]
    body: bytes
    failure: Optional[str]
    """The kind of error, as in `CosmosError.kind`; `None` if the operation succeeded."""
    message: Optional[str]
    outcome: Optional[str]

    @classmethod
    def of(cls, result: Any) -> BatchResult:
        failure = field(result, "failure")
        why = (None, None, None) if failure is None else (
            field(failure, "kind"), field(failure, "message"), field(failure, "outcome"),
        )
        return cls(
            field(result, "status"), field(result, "request-charge"), field(result, "etag"), field(result, "body"), *why,
        )

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """The answer to an operation. The body stays bytes until it is asked for."""

    status: int
    body: bytes
    request_charge: float
    """Request units that the whole operation cost, retries included."""
    etag: Optional[str]
    session_token: Optional[str]
    activity_id: str
    results: tuple[BatchResult, ...]
    """The answers of a batch or bulk, in the order of its operations."""
    diagnostics: Diagnostics

    @classmethod
    def of(cls, response: Any) -> Response:
        headers = field(response, "headers")
        diagnostics = Diagnostics.of(field(response, "diagnostics"))
        return cls(
            field(response, "status"), field(response, "body"), diagnostics.request_charge, field(headers, "etag"),
            field(headers, "session-token"), diagnostics.activity_id,
            tuple(BatchResult.of(result) for result in field(response, "results")), diagnostics,
        )

    def json(self) -> Any:
        """The body, parsed. Raises `ValueError` when the answer has none, as after a delete."""
        return json.loads(self.body)
