"""The component, compiled, and its instances."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Optional, Union

from wasmtime import Config, Engine, Store, WasiConfig, WasmtimeError
from wasmtime.component import Component, Func, Linker, ResourceAny

from .errors import CosmosError
from .wit import Record, Variant

DRIVER = "cosmosdb:driver/driver@0.1.0"
TASKS = "cosmosdb:driver/tasks@0.1.0"


class Driver:
    """The compiled component. Load it once for a process: compiling takes a third of a second, an instance far less."""

    def __init__(self, path: Union[str, Path, None] = None, *, cache: Union[str, Path, None] = None) -> None:
        """Loads the component from `path`; by default `COSMOSDB_DRIVER_WASM`, or the file in this package.

        `cache` is a file that keeps the compiled code for the next process. It holds machine code that will be run:
        let nobody else write it. When it is missing or of another version of wasmtime, it is written anew.
        """
        config = Config()
        config.wasm_component_model = True
        self.engine = Engine(config)
        named = path or os.environ.get("COSMOSDB_DRIVER_WASM") or Path(__file__).with_name("driver.wasm")
        self.component = _compile(self.engine, Path(named), Path(cache) if cache else None)


class Instance:
    """One instance of the component. It takes one call at a time: a lock makes threads queue."""

    def __init__(self, driver: Driver) -> None:
        self._lock = threading.RLock()
        self._store = Store(driver.engine)
        self._store.set_wasi(WasiConfig())
        with Linker(driver.engine) as linker:
            linker.add_wasip2()
            linker.add_wasi_http()
            self._store.set_wasi_http()
            self._instance = linker.instantiate(self._store, driver.component)
        self._funcs: dict[tuple[str, str], Func] = {}
        self._broken = False

    def call(self, interface: str, name: str, *arguments: Any) -> Any:
        """Calls an export. A trap ends the instance: this call and all later ones fail with `closed`."""
        with self._lock:
            if self._broken:
                raise CosmosError("closed", "this client failed inside and is of no more use; open another one")
            function = self._func(interface, name)
            try:
                answer = function(self._store, *arguments)
                function.post_return(self._store)
                return answer
            except WasmtimeError as error:
                self._broken = True
                why = CosmosError("closed", "the driver stopped inside a call, which may have been applied")
                why.outcome = "unknown"
                raise why from error

    def release(self, resource: ResourceAny) -> None:
        """Drops a resource of the component."""
        with self._lock:
            if not self._broken:
                resource.drop(self._store)

    def held(self) -> threading.RLock:
        """The lock of the instance, for several calls that belong together."""
        return self._lock

    def _func(self, interface: str, name: str) -> Func:
        found = self._funcs.get((interface, name))
        if found is None:
            index = self._instance.get_export_index(self._store, interface)
            inner = index and self._instance.get_export_index(self._store, name, index)
            found = inner and self._instance.get_func(self._store, inner)
            if not found:
                raise RuntimeError(f"the component has no {name} in {interface}: it is of another version")
            self._funcs[interface, name] = found
        return found


def accepted(answer: Any) -> Any:
    """The value of a `result<_, rejection>`, which arrives without its case."""
    if isinstance(answer, Record) and {"kind", "message"} == vars(answer).keys():
        raise CosmosError.from_rejection(answer)
    return answer


def answered(answer: Variant) -> Any:
    """The value of a `result<response, error>`."""
    if answer.tag == "err":
        raise CosmosError.from_error(answer.payload)
    return answer.payload


def _compile(engine: Engine, path: Path, cache: Optional[Path]) -> Component:
    if cache is not None and cache.is_file() and cache.stat().st_mtime >= path.stat().st_mtime:
        try:
            return Component.deserialize_file(engine, str(cache))
        except WasmtimeError:
            pass  # Of another version of wasmtime.
    component = Component.from_file(engine, str(path))
    if cache is not None:
        new = cache.with_name(f"{cache.name}.{os.getpid()}")
        new.write_bytes(component.serialize())
        new.replace(cache)
    return component
