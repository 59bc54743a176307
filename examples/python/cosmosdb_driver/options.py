"""Options of an operation."""

from __future__ import annotations

from typing import Any, Literal, Sequence, TypedDict

from .wit import Record, record


class Options(TypedDict, total=False):
    """Options of one operation, or of all of a client's (`Client(defaults=…)`). What is left out has its default."""

    content_response_on_write: bool
    """Whether writes answer with the item. By default they answer without a body."""
    custom_headers: Sequence[tuple[str, str]]
    activity_id: str
    read_consistency: Literal["default", "eventual", "session", "latest-committed", "global-strong"]
    excluded_regions: Sequence[str]
    priority_level: Literal["high", "low"]
    throughput_bucket: int
    throughput_control_group: str
    end_to_end_timeout_ms: int
    """When the whole operation gives up, retries included. None by default."""
    max_failover_retries: int
    max_session_retries: int
    max_throttle_retries: int
    """Retries of 429; 9 by default."""
    max_throttle_wait_ms: int
    endpoint_unavailability_ttl_ms: int
    session_capturing_disabled: bool
    hedging_enabled: bool
    retry_ambiguous_writes: bool
    """Send writes again whose outcome is unknown."""
    ru_budget: float
    """Request units after which a feed ends its page and an operation its retries."""
    diagnostics_report: bool


FIELDS = (*Options.__annotations__, "availability_strategy")


def lower(options: Options) -> Record:
    """As the contract has them."""
    unknown = [name for name in options if name not in Options.__annotations__]
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; the options are {', '.join(Options.__annotations__)}")
    given: dict[str, Any] = dict.fromkeys(FIELDS) | dict(options)
    given["custom_headers"] = [tuple(header) for header in given["custom_headers"] or ()]
    if given["excluded_regions"] is not None:
        given["excluded_regions"] = list(given["excluded_regions"])
    if given["ru_budget"] is not None:
        given["ru_budget"] = float(given["ru_budget"])
    return record(given)
