"""Queries and other feeds, and what one client hands to the next."""

from cosmosdb_driver import CosmosError, operations

from .servers import WithServers


class Feeds(WithServers):
    def test_a_query_over_all_partitions(self) -> None:
        items = self.container(self.open())
        for n in range(20):
            items.upsert_item({"id": str(n), "pk": f"k{n % 7}", "price": n}, f"k{n % 7}")
        text = "SELECT * FROM c WHERE c.price < @most ORDER BY c.price"
        cheap = items.query(text, {"@most": 15}, max_item_count=4)
        self.assertEqual([row["price"] for row in cheap], list(range(15)))
        self.assertEqual(list(items.query("SELECT VALUE COUNT(1) FROM c")), [20])
        self.assertEqual([row["id"] for row in items.query("SELECT * FROM c", key="k6")], ["6", "13"])

    def test_a_feed_goes_on_in_another_client(self) -> None:
        items = self.container(self.open())
        for n in range(10):
            items.upsert_item({"id": str(n), "pk": n, "price": n}, n)
        text = "SELECT * FROM c ORDER BY c.price"
        feed = items.query(text, max_item_count=3)
        first = feed.next_page()
        assert first is not None
        self.assertEqual([row["price"] for row in first.items], [0, 1, 2])
        self.assertGreater(first.request_charge, 0)
        cursor = feed.continuation()
        rest = self.open().container(*items._names).query(text, continuation=cursor)
        self.assertEqual([row["price"] for row in rest], list(range(3, 10)))
        self.assertIsNone(rest.continuation())

    def test_items_by_id_and_key(self) -> None:
        items = self.container(self.open())
        for n in range(8):
            items.upsert_item({"id": str(n), "pk": n}, n)
        self.requests()
        wanted = [(str(n), n) for n in (5, 99, 2)]
        self.assertEqual(sorted(item["id"] for item in items.read_many(wanted)), ["2", "5"])
        self.assertEqual([item and item["id"] for item in items.read_many(wanted, in_order=True)], ["5", None, "2"])

    def test_changes_come_until_there_are_none(self) -> None:
        items = self.container(self.open())
        feed = items.change_feed("beginning")
        self.assertEqual(list(feed), [])
        items.create_item({"id": "1", "pk": "a"}, "a")
        self.assertEqual([item["id"] for item in feed], ["1"])
        self.assertEqual(list(feed), [])

    def test_an_opened_feed_sends_nothing(self) -> None:
        items = self.container(self.open())
        feed = items.query("SELECT * FROM c")
        self.assertEqual(self.requests(), [])
        del feed
        with self.assertRaises(CosmosError) as caught:
            items.query("SELECT * FROM c", continuation="nonsense").next_page()
        self.assertEqual(caught.exception.kind, "invalid-argument")

    def test_lists_of_databases_and_containers(self) -> None:
        client = self.open()
        names = self.container(client)._names
        self.assertIn(names[0], [database["id"] for database in client.databases()])
        self.assertEqual([container["id"] for container in client.containers(names[0])], ["c"])

    def test_a_snapshot_starts_the_next_client_warm(self) -> None:
        client = self.open()
        items = self.container(client)
        for n in range(4):
            items.upsert_item({"id": str(n), "pk": n}, n)
        self.assertEqual(len(list(items.query("SELECT * FROM c"))), 4)
        next_client = self.open()
        self.assertIsNone(next_client.restore(client.snapshot()))
        self.requests()
        found = list(next_client.container(*items._names).query("SELECT * FROM c"))
        self.assertEqual(len(found), 4)
        self.assertEqual({line.split("/")[-1] for line in self.requests()}, {"docs"})
        self.assertEqual(next_client.restore(b"nonsense"), "damaged")
        self.assertEqual(self.open("emulator").restore(client.snapshot()), "foreign")

    def test_throughput_and_containers(self) -> None:
        client = self.open()
        client.execute(operations.create_database("thr", {"autoscale": 4000}))
        client.execute(operations.create_container("thr", {
            "id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}, 400))
        self.assertEqual(client.execute(operations.read_container("thr", "c")).json()["id"], "c")
        client.execute(operations.delete_container("thr", "c"))
        self.assertEqual(client.execute(operations.delete_database("thr")).status, 204)
        with self.assertRaises(CosmosError) as caught:
            client.execute(operations.read_database("thr"))
        self.assertEqual(caught.exception.kind, "not-found")
