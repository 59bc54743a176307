"""Azure Cosmos DB (NoSQL API) for Python: the driver is one WebAssembly component, run by wasmtime.

>>> from cosmosdb_driver import Client
>>> with Client("https://my-account.documents.azure.com", key=key) as client:
...     orders = client.container("shop", "orders")
...     orders.create_item({"id": "1", "tenant": "contoso"}, "contoso")
...     orders.read_item("1", "contoso").json()

A client is one instance of the driver; it is safe to use from several threads, and runs one call at a time.
"""

from . import operations
from .client import Client
from .container import Container
from .errors import CosmosError, Outcome
from .feed import Feed, Page
from .loading import Driver
from .lowering import Key
from .operations import Action, Operation
from .options import Options
from .response import Attempt, BatchResult, Diagnostics, Response

__all__ = [
    "Action", "Attempt", "BatchResult", "Client", "Container", "CosmosError", "Diagnostics", "Driver", "Feed", "Key",
    "Operation", "Options", "Outcome", "Page", "Response", "operations",
]
