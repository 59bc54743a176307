"""Operations as values: for `Client.execute`, `Client.execute_all`, batches and bulks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Mapping, Optional, Sequence, Union

from .lowering import Document, Key, document, lower_key, precondition, reference
from .wit import Record, Variant, record, variant

Throughput = Union[int, Mapping[Literal["autoscale"], int], None]
"""Request units a second; `{"autoscale": 4000}` for autoscale up to so many."""


@dataclass(frozen=True)
class Operation:
    """One operation, ready to be executed."""

    value: Variant


@dataclass(frozen=True)
class Action:
    """What a batch or bulk does to one item."""

    value: Variant
    precondition: Optional[Variant]


def create(database: str, container: str, item: Document, key: Key) -> Operation:
    """Creates an item. One request; `conflict` if the id is taken within the key."""
    return _write("create-item", database, container, item, key, None)


def upsert(
    database: str, container: str, item: Document, key: Key, *, if_match: Optional[str] = None,
) -> Operation:
    """Creates an item, or replaces the one with its id. One request."""
    return _write("upsert-item", database, container, item, key, precondition(if_match, None))


def read(
    database: str, container: str, id: str, key: Key, *, if_none_match: Optional[str] = None,
    session_token: Optional[str] = None,
) -> Operation:
    """Reads an item. One request; 304 if it still has the etag `if_none_match`."""
    return Operation(variant("read-item", record({
        "item": _item(database, container, id, key),
        "precondition": precondition(None, if_none_match), "session_token": session_token,
    })))


def replace(
    database: str, container: str, id: str, item: Document, key: Key, *, if_match: Optional[str] = None,
) -> Operation:
    """Replaces an item. One request; `precondition-failed` if it no longer has the etag `if_match`."""
    return Operation(variant("replace-item", record({
        "item": _item(database, container, id, key), "body": document(item),
        "precondition": precondition(if_match, None), "session_token": None,
    })))


def delete(database: str, container: str, id: str, key: Key, *, if_match: Optional[str] = None) -> Operation:
    """Deletes an item. One request."""
    return Operation(variant("delete-item", record({
        "item": _item(database, container, id, key), "precondition": precondition(if_match, None),
        "session_token": None,
    })))


def patch(
    database: str, container: str, id: str, operations: Sequence[Mapping[str, Any]], key: Key, *,
    condition: Optional[str] = None, if_match: Optional[str] = None,
) -> Operation:
    """Changes an item in place, by operations like `{"op": "increment", "path": "/stock", "value": -1}`. One request.

    `op` is `add`, `set`, `replace`, `remove`, `increment` or `move` (with `from`); `condition` is a filter such as
    `from c where c.stock > 0`.
    """
    return Operation(variant("patch-item", record({
        "item": _item(database, container, id, key), "operations": [_change(change) for change in operations],
        "read_modify_write": False, "condition": condition, "precondition": precondition(if_match, None),
        "session_token": None,
    })))


def batch(database: str, container: str, actions: Sequence[Action], key: Key) -> Operation:
    """All of the actions or none, in one request; at most 100, all of one key."""
    return Operation(variant("execute-batch", record({
        "container": reference(database, container), "key": lower_key(key),
        "operations": [record({"action": one.value, "precondition": one.precondition}) for one in actions],
        "session_token": None,
    })))


def bulk(
    database: str, container: str, actions: Sequence[tuple[Action, Key]], *, max_concurrency: Optional[int] = None,
) -> Operation:
    """Many actions, each for itself, in few requests; a result for each, in the order given."""
    return Operation(variant("execute-bulk", record({
        "container": reference(database, container),
        "operations": [
            record({"key": lower_key(key), "action": one.value, "precondition": one.precondition})
            for one, key in actions
        ],
        "max_concurrency": max_concurrency,
    })))


def create_database(id: str, throughput: Throughput = None) -> Operation:
    """Creates a database. One request."""
    return Operation(variant("create-database", record({"id": id, "throughput": _throughput(throughput)})))


def read_database(id: str) -> Operation:
    """Reads what a database is. One request."""
    return Operation(variant("read-database", id))


def delete_database(id: str) -> Operation:
    """Deletes a database with all that is in it. One request."""
    return Operation(variant("delete-database", id))


def create_container(database: str, definition: Document, throughput: Throughput = None) -> Operation:
    """Creates a container from its definition: `{"id": …, "partitionKey": {"paths": ["/tenant"], …}}`. One request."""
    return Operation(variant("create-container", record({
        "database": database, "definition": document(definition), "throughput": _throughput(throughput),
    })))


def read_container(database: str, container: str) -> Operation:
    """Reads the definition of a container. One request."""
    return Operation(variant("read-container", reference(database, container)))


def delete_container(database: str, container: str) -> Operation:
    """Deletes a container with its items. One request."""
    return Operation(variant("delete-container", reference(database, container)))


def action(
    kind: Literal["create", "upsert", "replace", "read", "delete", "patch"], *, id: str = "",
    item: Document = b"", operations: Sequence[Mapping[str, Any]] = (), condition: Optional[str] = None,
    if_match: Optional[str] = None,
) -> Action:
    """An action of a batch or bulk: `create` and `upsert` take `item`; `replace` `id` and `item`; `read` and `delete`
    `id`; `patch` `id` and `operations`."""
    payload: Any
    if kind in ("create", "upsert"):
        payload = document(item)
    elif kind == "replace":
        payload = record({"id": id, "body": document(item)})
    elif kind == "patch":
        changes = [_change(change) for change in operations]
        payload = record({"id": id, "operations": changes, "condition": condition})
    else:
        payload = id
    return Action(variant(kind, payload), precondition(if_match, None))


def _item(database: str, container: str, id: str, key: Key) -> Record:
    return record({"container": reference(database, container), "id": id, "key": lower_key(key)})


def _write(
    kind: str, database: str, container: str, item: Document, key: Key, condition: Optional[Variant],
) -> Operation:
    return Operation(variant(kind, record({
        "container": reference(database, container), "key": lower_key(key), "body": document(item),
        "precondition": condition, "session_token": None,
    })))


def _change(change: Mapping[str, Any]) -> Variant:
    kind, path = change["op"], change["path"]
    if kind == "remove":
        return variant(kind, path)
    if kind == "move":
        return variant(kind, record({"from": change["from"], "path": path}))
    return variant(kind, record({"path": path, "value": json.dumps(change["value"]).encode()}))


def _throughput(throughput: Throughput) -> Optional[Variant]:
    if throughput is None:
        return None
    if isinstance(throughput, int):
        return variant("manual", throughput)
    return variant("autoscale", throughput["autoscale"])
