"""What has many answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from wasmtime.component import ResourceAny

from .loading import DRIVER, Instance, accepted, answered
from .response import Response


@dataclass(frozen=True)
class Page:
    """A page of a feed."""

    response: Response

    @property
    def items(self) -> list[Any]:
        """The items, parsed."""
        if not self.response.body:
            return []
        body = json.loads(self.response.body)
        for name in ("Documents", "Databases", "DocumentCollections"):
            if name in body:
                return list(body[name])
        return next((value for value in body.values() if isinstance(value, list)), [])

    @property
    def request_charge(self) -> float:
        """Request units that the page cost."""
        return self.response.request_charge


class Feed:
    """Pages of items: iterate over it for the items, over `pages()` for pages. Each page is asked for when needed."""

    def __init__(self, instance: Instance, feed: ResourceAny) -> None:
        self._instance = instance
        self._feed = feed

    def pages(self) -> Iterator[Page]:
        """The pages, to the last one; of a change feed, until there is nothing new."""
        while (page := self.next_page()) is not None:
            yield page

    def next_page(self) -> Optional[Page]:
        """The next page; `None` after the last one, and when a change feed has nothing new: it can be asked again."""
        answer = self._instance.call(DRIVER, "[method]feed.next-page", self._feed)
        response = Response.of(answered(answer))
        return None if response.status in (204, 304) else Page(response)

    def continuation(self) -> Optional[str]:
        """Where the feed goes on, for `continuation=` of the same call in any process; `None` at its end."""
        found: Optional[str] = accepted(self._instance.call(DRIVER, "[method]feed.continuation", self._feed))
        return found

    def __iter__(self) -> Iterator[Any]:
        for page in self.pages():
            yield from page.items

    def __del__(self) -> None:
        self._instance.release(self._feed)
