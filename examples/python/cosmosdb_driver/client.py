"""The client of an account."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Any, Mapping, Optional, Sequence, Union, Unpack

from wasmtime.component import ResourceAny

from .container import Container
from .errors import CosmosError
from .feed import Feed
from .loading import DRIVER, TASKS, Driver, Instance, accepted, answered
from .operations import Operation
from .options import Options, lower
from .response import Response
from .wit import record, variant

_shared: list[Driver] = []


class Client:
    """A client of one account. Opening it sends nothing, and between calls nothing runs."""

    def __init__(
        self, endpoint: Optional[str] = None, *, key: Optional[str] = None, connection_string: Optional[str] = None,
        resource_token: Optional[str] = None, token: Optional[str] = None, preferred_regions: Sequence[str] = (),
        application_region: Optional[str] = None, user_agent_suffix: Optional[str] = None, eager: bool = False,
        defaults: Options = {}, driver: Optional[Driver] = None,
    ) -> None:
        """Opens a client with exactly one of the four credentials.

        `key` is the account's key, `token` one of Entra, to be renewed by `set_token`. `preferred_regions` are read
        from in their order, `application_region` in the order of distance. `eager` reads metadata before the first
        operation on a container, to fail early. `defaults` are options of all operations. `driver` is the compiled
        component; without it, one is shared by all clients of the process.

        Raises `CosmosError` (`invalid-argument`) when the driver refuses the configuration.
        """
        given = {
            "account-key": key, "connection-string": connection_string, "resource-token": resource_token,
            "bearer-token": token,
        }
        credentials = [variant(tag, value) for tag, value in given.items() if value is not None]
        if len(credentials) != 1:
            raise TypeError("exactly one of key, connection_string, resource_token and token is needed")
        self._instance = Instance(driver or _default())
        self._resources: list[ResourceAny] = []
        none = lower({})
        runtime = self._keep(self._instance.call(DRIVER, "[static]runtime.create", record({
            "environment": [], "defaults": none, "user_agent_suffix": user_agent_suffix, "workload_id": None,
            "correlation_id": None, "wrapping_sdk_identifier": None, "user_agent_properties": [],
            "diagnostics": record(dict.fromkeys(
                ("max_request_diagnostics", "max_summary_size_bytes", "default_verbosity"))),
            "throughput_control_groups": [],
            "timeouts": record(dict.fromkeys(("connect_ms", "data_plane_request_ms", "metadata_request_ms"))),
            "account_refresh_interval_ms": None,
        })))
        self._driver = self._keep(self._instance.call(DRIVER, "[method]runtime.open", runtime, record({
            "endpoint": endpoint, "credential": credentials[0], "metadata": "eager" if eager else "lean",
            "defaults": lower(defaults), "preferred_regions": list(preferred_regions),
            "application_region": application_region, "backup_endpoints": [], "user_agent_suffix": None,
            "max_concurrent_metadata_hedges": None,
            "partition_failover": record(dict.fromkeys((
                "circuit_breaker_enabled", "read_failure_threshold", "write_failure_threshold",
                "counter_reset_window_ms", "partition_unavailability_ms", "failback_sweep_interval_ms",
                "consecutive_hedge_wins", "topology_cache"))),
        })))

    def container(self, database: str, container: str) -> Container:
        """A container, by name. Sends nothing."""
        return Container(self, database, container)

    def execute(self, operation: Operation, **options: Unpack[Options]) -> Response:
        """Executes an operation; `options` are those of `Options`. Raises `CosmosError` when it fails."""
        answer = self._instance.call(
            DRIVER, "[method]driver.execute", self._driver, operation.value, lower(options))
        return Response.of(answered(answer))

    def execute_all(
        self, operations: Sequence[Operation], **options: Unpack[Options],
    ) -> list[Union[Response, CosmosError]]:
        """Executes operations at the same time, and returns what became of each, in their order.

        It fails as a whole only if the client does. Other threads that use the client wait meanwhile.
        """
        common = lower(options)
        answers: dict[int, Union[Response, CosmosError]] = {}
        tasks: list[int] = []
        with self._instance.held():
            try:
                for operation in operations:
                    tasks.append(self._instance.call(TASKS, "submit", self._driver, operation.value, common))
                while len(answers) < len(tasks):
                    for task in self._instance.call(TASKS, "wait"):
                        answers[task] = self._taken(task)
            except BaseException:
                # Nothing of it is left to the next call.
                with suppress(CosmosError):
                    for task in tasks:
                        self._instance.call(TASKS, "cancel", task)
                        self._instance.call(TASKS, "take", task)
                raise
        return [answers[task] for task in tasks]

    def _taken(self, task: int) -> Union[Response, CosmosError]:
        try:
            return Response.of(answered(self._instance.call(TASKS, "take", task)))
        except CosmosError as error:
            return error

    def databases(self) -> Feed:
        """The databases of the account."""
        return self.open_feed(variant("read-resources", record({
            "collection": variant("databases"), "query": None, "parameters": []})), {})

    def containers(self, database: str) -> Feed:
        """The containers of a database."""
        return self.open_feed(variant("read-resources", record({
            "collection": variant("containers", database), "query": None, "parameters": []})), {})

    def open_feed(self, operation: Any, feed: Mapping[str, Any], **options: Unpack[Options]) -> Feed:
        """Opens a feed from the contract's own value; `Container` has what most need."""
        settings = {
            "max_item_count": None, "max_concurrency": None, "prefetch": None, "max_fan_out": None,
            "continuation": None, "session_token": None, "resumable": False,
        }
        answer = self._instance.call(
            DRIVER, "[method]driver.open-feed", self._driver, operation, record(settings | dict(feed)),
            lower(options))
        return Feed(self._instance, accepted(answer))

    def set_token(self, token: str) -> None:
        """Replaces the token of Entra; operations that begin from now on use it."""
        accepted(self._instance.call(DRIVER, "[method]driver.set-bearer-token", self._driver, token))

    def snapshot(self) -> bytes:
        """What the client has learned (regions, containers, ranges, session tokens), without credential and items."""
        taken: bytes = self._instance.call(DRIVER, "[method]driver.snapshot", self._driver)
        return taken

    def restore(self, snapshot: bytes) -> Optional[str]:
        """Starts from what another client has learned. Returns why nothing of it is used; `None` if it is."""
        answer = self._instance.call(DRIVER, "[method]driver.restore", self._driver, snapshot)
        return answer if isinstance(answer, str) else None

    def close(self) -> None:
        """Ends the client and what runs in it; further calls fail with `closed`."""
        self._instance.call(DRIVER, "[method]driver.close", self._driver)

    def __del__(self) -> None:
        for resource in reversed(self.__dict__.get("_resources", ())):
            self._instance.release(resource)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _keep(self, answer: Any) -> ResourceAny:
        resource: ResourceAny = accepted(answer)
        self._resources.append(resource)
        return resource


def _default() -> Driver:
    if not _shared:
        _shared.append(Driver())
    return _shared[0]
