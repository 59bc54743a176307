"""Items, one at a time, in batches and in bulk."""

import json
import threading

from cosmosdb_driver import Client, CosmosError, operations

from .servers import KEY, WithServers


class Items(WithServers):
    def test_an_item_lives_and_dies(self) -> None:
        items = self.container(self.open())
        created = items.create_item({"id": "1", "pk": "a", "n": 1}, "a")
        self.assertEqual(created.status, 201)
        self.assertGreater(created.request_charge, 0)
        read = items.read_item("1", "a")
        self.assertEqual((read.json()["n"], read.etag), (1, created.etag))
        replaced = items.replace_item("1", {"id": "1", "pk": "a", "n": 2}, "a", if_match=read.etag)
        patched = items.patch_item("1", [{"op": "increment", "path": "/n", "value": 3}], "a", if_match=replaced.etag)
        self.assertEqual(patched.status, 200)
        self.assertEqual(items.read_item("1", "a").json()["n"], 5)
        self.assertEqual(items.delete_item("1", "a").status, 204)
        with self.assertRaises(CosmosError) as caught:
            items.read_item("1", "a")
        self.assertEqual((caught.exception.kind, caught.exception.status), ("not-found", 404))
        self.assertEqual([line.split()[0] for line in self.requests()],
                         ["POST", "GET", "PUT", "PATCH", "GET", "DELETE", "GET"])

    def test_bytes_are_sent_as_they_are(self) -> None:
        items = self.container(self.open("emulator"))
        body = '{ "pk":"ä",  "id" : "1", "big": 12345678901234567890 }'.encode()
        self.assertEqual(items.create_item(body, "ä").status, 201)
        self.assertIn(b"12345678901234567890", items.read_item("1", "ä").body)

    def test_keys_of_every_type(self) -> None:
        items = self.container(self.open())
        for key in ("text", "", 'qu"öte', 1, 1.5, -0.0, True, None):
            items.upsert_item({"id": "1", "pk": key, "mine": repr(key)}, key)
            self.assertEqual(items.read_item("1", key).json()["mine"], repr(key))
        deep = self.container(self.open(), "/a", "/b")
        deep.create_item({"id": "1", "a": "x", "b": 7}, ["x", 7])
        self.assertEqual(deep.read_item("1", ("x", 7)).json()["b"], 7)

    def test_somebody_was_faster(self) -> None:
        items = self.container(self.open())
        first = items.create_item({"id": "1", "pk": "a"}, "a")
        items.upsert_item({"id": "1", "pk": "a", "n": 2}, "a")
        with self.assertRaises(CosmosError) as caught:
            items.replace_item("1", {"id": "1", "pk": "a"}, "a", if_match=first.etag)
        self.assertEqual((caught.exception.kind, caught.exception.outcome), ("precondition-failed", "not-applied"))
        with self.assertRaises(CosmosError) as caught:
            items.create_item({"id": "1", "pk": "a"}, "a")
        self.assertEqual(caught.exception.kind, "conflict")
        self.assertEqual(items.read_item("1", "a", if_none_match=items.read_item("1", "a").etag).status, 304)

    def test_a_batch_is_all_or_nothing(self) -> None:
        items = self.container(self.open())
        create = operations.action("create", item={"id": "1", "pk": "a"})
        done = items.batch([create, operations.action("read", id="1")], "a")
        self.assertEqual([result.status for result in done.results], [201, 200])
        self.assertEqual(done.results[1].json()["id"], "1")
        with self.assertRaises(CosmosError) as caught:
            items.batch([operations.action("upsert", item={"id": "2", "pk": "a"}), create], "a")
        self.assertEqual((caught.exception.kind, caught.exception.failed_operation), ("conflict", 1))
        self.assertEqual(len(list(items.read_feed())), 1)

    def test_a_bulk_tells_what_became_of_each(self) -> None:
        items = self.container(self.open())
        wanted = [(operations.action("create", item={"id": str(n % 50), "pk": n % 50}), n % 50) for n in range(60)]
        done = items.bulk(wanted)
        self.assertEqual([result.status for result in done.results], [201] * 50 + [409] * 10)
        self.assertEqual({result.failure for result in done.results}, {None, "conflict"})
        self.assertLess(len(self.requests()), 10)

    def test_many_at_once(self) -> None:
        client = self.open()
        items = self.container(client)
        items.create_item({"id": "1", "pk": "a"}, "a")
        names = items._names
        found = client.execute_all([operations.read(*names, id, "a") for id in ("1", "2", "1")])
        statuses = [answer.status for answer in found]
        self.assertEqual(statuses, [200, 404, 200])
        self.assertIsInstance(found[1], CosmosError)
        self.assertEqual(client.execute_all([]), [])

    def test_what_cannot_be_submitted_is_not_sent_later(self) -> None:
        client = self.open()
        items = self.container(client)
        good = operations.create(*items._names, {"id": "1", "pk": "a"}, "a")
        wrong = operations.read(*items._names, 7, "a")  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            client.execute_all([good, wrong])
        found = client.execute_all([operations.read(*items._names, "1", "a")])
        self.assertIsInstance(found[0], CosmosError)
        self.assertEqual(len(self.requests()), 1)

    def test_threads_queue(self) -> None:
        items = self.container(self.open())
        failures: list[BaseException] = []

        def write(number: int) -> None:
            try:
                items.create_item({"id": str(number), "pk": "a"}, "a")
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=write, args=[number]) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(list(items.read_feed(key="a"))), 16)


class Refusals(WithServers):
    def test_what_is_wrong_is_said(self) -> None:
        with self.assertRaisesRegex(TypeError, "exactly one of"):
            Client("http://localhost", driver=self.driver)
        with self.assertRaisesRegex(TypeError, "exactly one of"):
            Client("http://localhost", key=KEY, token="t", driver=self.driver)
        with self.assertRaises(CosmosError) as caught:
            Client("not a url", key=KEY, driver=self.driver)
        self.assertEqual(caught.exception.kind, "invalid-argument")
        items = self.container(self.open())
        with self.assertRaisesRegex(TypeError, "there is no option 'timeout'"):
            items.read_item("1", "a", timeout=1)  # type: ignore[call-arg]
        with self.assertRaisesRegex(TypeError, "not dict"):
            items.read_item("1", {})  # type: ignore[arg-type]
        with self.assertRaises(CosmosError) as caught:
            items.read_item("", "a")
        self.assertEqual(caught.exception.kind, "invalid-argument")
        self.assertEqual(self.requests(), [])
        self.assertEqual(items.upsert_item({"id": "1", "pk": "a"}, "a").status, 201)

    def test_nobody_listens(self) -> None:
        client = self.open("refused", defaults={"end_to_end_timeout_ms": 2000})
        with self.assertRaises(CosmosError) as caught:
            client.container("d", "c").create_item({"id": "1"}, "a")
        self.assertIn(caught.exception.kind, ("transport", "unavailable", "timeout"))
        self.assertEqual(caught.exception.outcome, "not-applied")

    def test_a_closed_client_says_so(self) -> None:
        client = self.open()
        items = self.container(client)
        client.close()
        client.close()
        with self.assertRaises(CosmosError) as caught:
            items.read_item("1", "a")
        self.assertEqual(caught.exception.kind, "closed")

    def test_no_error_holds_the_key(self) -> None:
        client = self.open("emulator")
        wrong = Client(self.servers["emulator"]["endpoint"], key=KEY[::-1].replace("==", "") + "==", driver=self.driver)
        self.addCleanup(wrong.close)
        texts = []
        for one in (client, wrong):
            try:
                one.container("d", "none").read_item("1", "secret-tenant")
            except CosmosError as error:
                texts.append(f"{error!r} {error} {error.diagnostics} {json.dumps(vars(error), default=repr)}")
        self.assertEqual(len(texts), 2)
        for text in texts:
            self.assertNotIn(KEY[:12], text)
            self.assertNotIn("secret-tenant", text)
