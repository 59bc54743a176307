"""The servers that the tests talk to: those of `host-tests`, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import unittest
from pathlib import Path
from typing import Any

from cosmosdb_driver import Client, Container, Driver, operations

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
"""A key that protects nothing."""

TARGET = Path(__file__).parents[3] / os.environ.get("CARGO_TARGET_DIR", "target")
COMPONENT = Path(os.environ.get("COSMOSDB_DRIVER_WASM", TARGET / "components" / "cosmosdb-driver.wasm"))


class WithServers(unittest.TestCase):
    """Tests that share the servers of their class, and one compiled component. Each has a container of its own."""

    driver: Driver
    servers: dict[str, Any]
    _process: subprocess.Popen[str]
    _made = 0

    @classmethod
    def setUpClass(cls) -> None:
        cls.driver = Driver(COMPONENT, cache=COMPONENT.with_suffix(".python.cwasm"))
        program = os.environ.get("COSMOSDB_TEST_SERVERS", str(TARGET / "debug" / "serve"))
        cls._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.servers = cls.line()

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls._process.stdin and cls._process.stdout
        cls._process.stdin.close()
        cls._process.stdout.close()
        cls._process.wait()

    @classmethod
    def line(cls) -> Any:
        assert cls._process.stdout
        return json.loads(cls._process.stdout.readline())

    def requests(self, server: str = "gateway") -> list[str]:
        """What a server has seen since the last time, as `METHOD path`."""
        assert self._process.stdin
        self._process.stdin.write(f"{server}\n")
        self._process.stdin.flush()
        return [f"{seen['method']} {seen['path']}" for seen in self.line()]

    def open(self, server: str = "gateway", **options: Any) -> Client:
        """A client that is closed after the test."""
        found = self.servers[server]
        client = Client(found["endpoint"], key=found.get("key", KEY), driver=self.driver, **options)
        self.addCleanup(client.close)
        return client

    def container(self, client: Client, *paths: str) -> Container:
        """A new container, whose creation is not among the requests."""
        WithServers._made += 1
        database = f"python{self._made}"
        kind = "MultiHash" if len(paths) > 1 else "Hash"
        client.execute(operations.create_database(database))
        client.execute(operations.create_container(database, {
            "id": "c", "partitionKey": {"paths": list(paths or ("/pk",)), "kind": kind, "version": 2},
        }))
        self.requests()
        return client.container(database, "c")
