"""From Python's values to those of the contract."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence, Union

from .wit import Record, Variant, record, variant

Scalar = Union[str, int, float, bool, None]
Key = Union[Scalar, Sequence[Scalar]]
"""A partition key value; a sequence for hierarchical keys. An empty sequence is the key of items without one."""
Document = Union[bytes, Mapping[str, Any]]
"""An item: bytes that are sent as they are, or what `json.dumps` takes."""

def reference(database: str, container: str) -> Record:
    return record({"database": database, "container": container})


def lower_key(key: Key) -> list[Variant]:
    if isinstance(key, (list, tuple)):
        return [_component(one) for one in key]
    return [_component(key)]


def document(item: Document) -> bytes:
    return item if isinstance(item, bytes) else json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()


def precondition(if_match: Optional[str], if_none_match: Optional[str]) -> Optional[Variant]:
    if if_match is not None:
        return variant("if-match", if_match)
    return None if if_none_match is None else variant("if-none-match", if_none_match)


def _component(value: Any) -> Variant:
    if value is None:
        return variant("null")
    if isinstance(value, bool):
        return variant("boolean", value)
    if isinstance(value, (int, float)):
        return variant("number", float(value))
    if isinstance(value, str):
        return variant("text", value)
    raise TypeError(f"a partition key value is a str, a number, a bool or None, not {type(value).__name__}")
