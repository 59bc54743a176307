"""Values of the driver's contract (`cosmosdb:driver`), as `wasmtime.component` takes and gives them."""

from __future__ import annotations

from typing import Any, Mapping

from wasmtime.component import Record, Variant

__all__ = ["Record", "Variant", "field", "record", "variant"]


def record(fields: Mapping[str, Any]) -> Record:
    """A record. The names are those of Python: `max_item_count` is `max-item-count`."""
    made = Record()
    vars(made).update((name.replace("_", "-"), value) for name, value in fields.items())
    return made


def variant(tag: str, payload: Any = None) -> Variant:
    """A case of a variant."""
    return Variant(tag, payload)


def field(of: Any, name: str) -> Any:
    """A field of a record, by its name in the contract."""
    return vars(of)[name]
