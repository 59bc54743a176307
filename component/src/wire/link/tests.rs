use super::ResourceType::*;
use super::*;
use crate::wire::testing::Random;

fn parts(link: &Link) -> (ResourceType, &str, &str) {
    (link.resource, link.path(), link.signing())
}

#[test]
fn links_have_the_documented_path_and_signature_text() {
    for (link, expected) in [
        (Ok(account()), (Account, "/", "")),
        (Ok(databases()), (Database, "/dbs", "")),
        (database("d"), (Database, "/dbs/d", "dbs/d")),
        (containers("d"), (Container, "/dbs/d/colls", "dbs/d")),
        (
            container("My Db", "C"),
            (Container, "/dbs/My%20Db/colls/C", "dbs/My Db/colls/C"),
        ),
        (
            items("d", "c"),
            (Item, "/dbs/d/colls/c/docs", "dbs/d/colls/c"),
        ),
        (
            items("d", "ü"),
            (Item, "/dbs/d/colls/%C3%BC/docs", "dbs/d/colls/ü"),
        ),
        (
            item("d", "c", "item 1"),
            (
                Item,
                "/dbs/d/colls/c/docs/item%201",
                "dbs/d/colls/c/docs/item 1",
            ),
        ),
        (
            item("d", "c", "a@b+c=50%"),
            (
                Item,
                "/dbs/d/colls/c/docs/a@b+c=50%25",
                "dbs/d/colls/c/docs/a@b+c=50%",
            ),
        ),
        (
            partition_key_ranges("d", "c"),
            (
                PartitionKeyRange,
                "/dbs/d/colls/c/pkranges",
                "dbs/d/colls/c",
            ),
        ),
        (Ok(offers()), (Offer, "/offers", "")),
        (offer("V0xQ"), (Offer, "/offers/V0xQ", "v0xq")),
    ] {
        let link = link.unwrap();
        assert_eq!(parts(&link), expected);
        assert_eq!(parts(&parse(link.path()).unwrap()), expected, "parsed");
    }
}

#[test]
fn every_id_of_a_link_is_checked() {
    for link in [
        database(""),
        containers("a/b"),
        container("d", ".."),
        container("..", "c"),
        items("d", "c?"),
        items("d#", "c"),
        item("d", "c", "a/b"),
        item("d", "c ", "i"),
        item(".", "c", "i"),
        partition_key_ranges("d", &"c".repeat(256)),
        offer("a/b"),
    ] {
        assert!(link.is_err(), "{link:?}");
    }
}

#[test]
fn request_paths_are_understood() {
    for (path, expected) in [
        ("/dbs/d/colls/c/sprocs", (StoredProcedure, "dbs/d/colls/c")),
        (
            "/dbs/d/colls/c/sprocs/s",
            (StoredProcedure, "dbs/d/colls/c/sprocs/s"),
        ),
        (
            "/dbs/d/colls/c/triggers/t",
            (Trigger, "dbs/d/colls/c/triggers/t"),
        ),
        (
            "/dbs/d/colls/c/udfs",
            (UserDefinedFunction, "dbs/d/colls/c"),
        ),
        ("/dbs/d/colls/c/conflicts", (Conflict, "dbs/d/colls/c")),
        (
            "/dbs/d/colls/c/pkranges/0",
            (PartitionKeyRange, "dbs/d/colls/c/pkranges/0"),
        ),
        ("/dbs/d/users", (User, "dbs/d")),
        ("/dbs/d/users/u/permissions", (Permission, "dbs/d/users/u")),
        (
            "/dbs/d/users/u/permissions/p",
            (Permission, "dbs/d/users/u/permissions/p"),
        ),
        (
            "/dbs/d/colls/c/docs/docs",
            (Item, "dbs/d/colls/c/docs/docs"),
        ),
        ("/dbs/%64", (Database, "dbs/d")),
        ("/offers/AbC%3D", (Offer, "abc=")),
    ] {
        let link = parse(path).unwrap();
        assert_eq!((link.resource, link.signing()), expected);
        assert_eq!(link.path(), path);
    }
}

#[test]
fn other_paths_are_no_resources() {
    for path in [
        "",
        "dbs",
        "//",
        "/dbs/",
        "/dbs//colls",
        "/dbs/d/",
        "/DBS/d",
        "/colls",
        "/docs/1",
        "/dbs/d/docs",
        "/dbs/d/colls/c/docs/i/x",
        "/dbs/d/colls/c/permissions",
        "/offers/o/x",
        "/dbs/a%2Fcolls%2Fb",
        "/dbs/..",
        "/dbs/%2e%2E/colls",
        "/dbs/%FF",
        "/dbs/%00",
        "/dbs?a=b",
        "/dbs/d?a=b",
        "/operations/dtc",
    ] {
        assert!(parse(path).is_none(), "{path}");
    }
}

#[test]
fn any_link_is_read_back_from_its_path() {
    let mut random = Random::new(5);
    let mut accepted = 0;
    for _ in 0..4000 {
        let [d, c, i] = [(); 3].map(|()| random.unicode(6));
        for link in [item(&d, &c, &i), items(&d, &c), containers(&d), offer(&i)] {
            let Ok(link) = link else { continue };
            accepted += 1;
            assert!(link.path().bytes().all(|b| b.is_ascii_graphic()));
            assert_eq!(parts(&parse(link.path()).unwrap()), parts(&link));
        }
    }
    assert!(accepted > 1000, "{accepted}");

    let pieces = [
        "/", "dbs", "colls", "docs", "offers", "%2F", "%", "..", "a", "é", "?",
    ];
    for _ in 0..4000 {
        let path = random.text(&pieces, 10);
        if let Some(link) = parse(&path) {
            assert_eq!(link.path(), path);
            assert!(!link.signing().contains(".."), "{path}");
        }
    }
}
