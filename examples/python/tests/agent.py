"""Does the steps of `host-tests/cases` with the package: lines of JSON in, lines of JSON out."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any, Mapping, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from cosmosdb_driver import Action, Client, Container, CosmosError, Driver, Operation, Response, operations

Step = Mapping[str, Any]
DRIVER = Driver(os.environ.get("COSMOSDB_DRIVER_WASM"))
client: Client


def parsed(body: bytes) -> Any:
    return json.loads(body) if body else None


def action(step: Step) -> Action:
    names = {"id": "id", "item": "item", "operations": "operations", "condition": "condition", "ifMatch": "if_match"}
    return operations.action(step["do"], **{to: step[name] for name, to in names.items() if name in step})


def operation(step: Step, do: str) -> Operation:
    names = step["database"], step["container"]
    if do == "create-database":
        return operations.create_database(names[0])
    if do == "delete-database":
        return operations.delete_database(names[0])
    if do == "create-container":
        kind = "MultiHash" if len(step["paths"]) > 1 else "Hash"
        key = {"paths": step["paths"], "kind": kind, "version": 2}
        return operations.create_container(names[0], {"id": names[1], "partitionKey": key})
    if do == "delete-container":
        return operations.delete_container(*names)
    if do == "bulk":
        return operations.bulk(*names, [(action(one), one["key"]) for one in step["actions"]])
    key, match = step["key"], step.get("ifMatch")
    if do == "batch":
        return operations.batch(*names, [action(one) for one in step["actions"]], key)
    if do == "create":
        return operations.create(*names, step["item"], key)
    if do == "upsert":
        return operations.upsert(*names, step["item"], key, if_match=match)
    if do == "read":
        return operations.read(*names, step["id"], key, if_none_match=step.get("ifNoneMatch"))
    if do == "replace":
        return operations.replace(*names, step["id"], step["item"], key, if_match=match)
    if do == "delete":
        return operations.delete(*names, step["id"], key, if_match=match)
    if do == "patch":
        return operations.patch(
            *names, step["id"], step["operations"], key, condition=step.get("condition"), if_match=match)
    raise ValueError(f"{do} is no step")


def answer(response: Response) -> Step:
    results = [
        {"status": one.status, "body": parsed(one.body), "failure": one.failure} for one in response.results
    ]
    return {
        "status": response.status, "body": parsed(response.body), "etag": response.etag,
        "charge": response.request_charge, "requests": response.diagnostics.request_count, "results": results,
    }


def feed(step: Step, do: str, container: Container) -> Step:
    common: dict[str, Any] = {"continuation": step.get("continuation"), "max_item_count": step.get("pageSize")}
    key = step.get("key")
    if do == "query":
        pages = container.query(step["text"], step.get("parameters", {}), key=key, **common)
    elif do == "read-feed":
        pages = container.read_feed(key=key, **common)
    elif do == "change-feed":
        pages = container.change_feed("beginning", key=key, **common)
    else:
        inputs = [(one["id"], one["key"]) for one in step["items"]]
        pages = container.read_many(inputs, in_order=step.get("inOrder", False))
    rows: list[Any] = []
    sizes: list[int] = []
    charge = 0.0
    while len(sizes) < step.get("pages", 1000) and (page := pages.next_page()) is not None:
        rows += page.items
        sizes.append(len(page.items))
        charge += page.request_charge
    return {"rows": rows, "sizes": sizes, "charge": charge, "continuation": cursor(pages)}


def cursor(pages: Any) -> Optional[str]:
    try:
        found: Optional[str] = pages.continuation()
        return found
    except CosmosError:
        return None


def options(step: Step) -> dict[str, Any]:
    names = {
        "contentResponseOnWrite": "content_response_on_write", "endToEndTimeoutMs": "end_to_end_timeout_ms",
        "maxThrottleRetries": "max_throttle_retries",
    }
    return {names[name]: value for name, value in step.get("options", {}).items()}


def run(step: Step) -> Step:
    global client
    do = step["do"]
    if do == "open":
        client = Client(step["endpoint"], key=step["key"], driver=DRIVER)
        return {}
    if do == "close":
        client.close()
        return {}
    if do == "snapshot":
        return {"snapshot": base64.b64encode(client.snapshot()).decode()}
    if do == "restore":
        return {"refused": client.restore(base64.b64decode(step["snapshot"]))}
    if do in ("query", "read-feed", "change-feed", "read-many"):
        return feed(step, do, client.container(step["database"], step["container"]))
    return answer(client.execute(operation(step, do), **options(step)))


for line in sys.stdin:
    try:
        told: Step = {"ok": run(json.loads(line))}
    except CosmosError as error:
        told = {"error": {
            "kind": error.kind, "status": error.status, "subStatus": error.sub_status, "retryable": error.retryable,
            "outcome": error.outcome, "failedOperation": error.failed_operation,
        }}
    print(json.dumps(told), flush=True)
