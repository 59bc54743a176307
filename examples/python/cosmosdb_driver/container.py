"""A container and its items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, Mapping, Optional, Sequence, Union, Unpack

from . import operations
from .lowering import Document, Key, lower_key, reference
from .operations import Action
from .options import Options
from .response import Response
from .wit import Record, record, variant

if TYPE_CHECKING:
    from .client import Client
    from .feed import Feed


class Container:
    """A container, by name. All methods take the options of `Options` by name besides their own."""

    def __init__(self, client: Client, database: str, container: str) -> None:
        self._client = client
        self._names = (database, container)

    def create_item(self, item: Document, key: Key, **options: Unpack[Options]) -> Response:
        """Creates an item. One request; `conflict` if the id is taken within the key."""
        return self._client.execute(operations.create(*self._names, item, key), **options)

    def upsert_item(self, item: Document, key: Key, *, if_match: Optional[str] = None, **options: Unpack[Options]) -> Response:
        """Creates an item, or replaces the one with its id. One request."""
        return self._client.execute(operations.upsert(*self._names, item, key, if_match=if_match), **options)

    def read_item(
        self, id: str, key: Key, *, if_none_match: Optional[str] = None, session_token: Optional[str] = None,
        **options: Unpack[Options],
    ) -> Response:
        """Reads an item. One request; `not-found` if there is none, status 304 if it still has `if_none_match`."""
        operation = operations.read(
            *self._names, id, key, if_none_match=if_none_match, session_token=session_token)
        return self._client.execute(operation, **options)

    def replace_item(
        self, id: str, item: Document, key: Key, *, if_match: Optional[str] = None, **options: Unpack[Options],
    ) -> Response:
        """Replaces an item. One request; `precondition-failed` if it no longer has the etag `if_match`."""
        return self._client.execute(operations.replace(*self._names, id, item, key, if_match=if_match), **options)

    def delete_item(self, id: str, key: Key, *, if_match: Optional[str] = None, **options: Unpack[Options]) -> Response:
        """Deletes an item. One request."""
        return self._client.execute(operations.delete(*self._names, id, key, if_match=if_match), **options)

    def patch_item(
        self, id: str, changes: Sequence[Mapping[str, Any]], key: Key, *, condition: Optional[str] = None,
        if_match: Optional[str] = None, **options: Unpack[Options],
    ) -> Response:
        """Changes an item in place; see `operations.patch`. One request."""
        operation = operations.patch(*self._names, id, changes, key, condition=condition, if_match=if_match)
        return self._client.execute(operation, **options)

    def batch(self, actions: Sequence[Action], key: Key, **options: Unpack[Options]) -> Response:
        """All of the actions or none, in one request. `CosmosError.failed_operation` says which one failed."""
        return self._client.execute(operations.batch(*self._names, actions, key), **options)

    def bulk(
        self, actions: Sequence[tuple[Action, Key]], *, max_concurrency: Optional[int] = None, **options: Unpack[Options],
    ) -> Response:
        """Many actions, each for itself, in few requests; `Response.results` has a result for each, in their order."""
        operation = operations.bulk(*self._names, actions, max_concurrency=max_concurrency)
        return self._client.execute(operation, **options)

    def query(
        self, text: str, parameters: Mapping[str, Any] = {}, *, key: Optional[Key] = None,
        max_item_count: Optional[int] = None, max_concurrency: Optional[int] = None,
        continuation: Optional[str] = None, **options: Unpack[Options],
    ) -> Feed:
        """The rows of a query, over one partition key or, without `key`, over all partitions.

        `parameters` are named as in the text, with `@`. `max_item_count` is the size of a page at most.
        """
        query = variant("query-items", record({
            "container": self._reference(), "scope": None if key is None else lower_key(key), "text": text,
            "parameters": [
                record({"name": name, "value": json.dumps(value).encode()}) for name, value in parameters.items()
            ],
            "query_metrics": False, "index_metrics": False,
        }))
        feed = {"max_item_count": max_item_count, "max_concurrency": max_concurrency, "continuation": continuation}
        return self._client.open_feed(query, feed, **options)

    def read_feed(
        self, *, key: Optional[Key] = None, max_item_count: Optional[int] = None, continuation: Optional[str] = None,
        **options: Unpack[Options],
    ) -> Feed:
        """All items, or all of one partition key, in no order that means anything."""
        feed = variant("read-feed", record({
            "container": self._reference(), "scope": None if key is None else lower_key(key)}))
        return self._client.open_feed(feed, {"max_item_count": max_item_count, "continuation": continuation}, **options)

    def read_many(
        self, items: Sequence[tuple[str, Key]], *, in_order: bool = False, **options: Unpack[Options],
    ) -> Feed:
        """Items by id and key, in few requests. Those that are missing are left out, or `None` with `in_order`."""
        inputs = [record({"id": id, "key": lower_key(key)}) for id, key in items]
        feed = variant("read-many", record({
            "container": self._reference(), "input": variant("items", inputs), "in_order": in_order}))
        return self._client.open_feed(feed, {}, **options)

    def change_feed(
        self, start: Union[Literal["beginning", "now"], int] = "now", *, key: Optional[Key] = None,
        max_item_count: Optional[int] = None, continuation: Optional[str] = None, **options: Unpack[Options],
    ) -> Feed:
        """Items in the order of their last change, from the `start` (a time is in seconds since 1970)."""
        feed = variant("change-feed", record({
            "container": self._reference(), "scope": None if key is None else lower_key(key),
            "mode": "latest-version", "with_metadata": False,
            "start": variant("at", start) if isinstance(start, int) else variant(start),
        }))
        return self._client.open_feed(feed, {"max_item_count": max_item_count, "continuation": continuation}, **options)

    def _reference(self) -> Record:
        return reference(*self._names)
