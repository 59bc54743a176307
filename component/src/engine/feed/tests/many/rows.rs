//! Which rows come, and what is asked for them.

use super::*;

#[test]
fn a_thousand_items_of_four_partitions_take_four_queries() {
    let world = World::new(1000, &QUARTERS);
    let all = items((0..1000).map(id), Order::Any);
    let (pages, asked) = world.pages(all.clone(), FeedOptions::default());
    assert_eq!(sorted(&pages), (0..1000).collect::<Vec<_>>());
    assert_eq!(asked, "p0 p1 p2 p3");
    let [page] = &*pages else { panic!() };
    assert_eq!((page.status, page.request_charge), (200, 12.0));
    assert_eq!(
        page.session_token.as_deref(),
        Some("0:1#9,1:1#9,2:1#9,3:1#9")
    );
    // The account, the container, two pages of ranges, four queries.
    assert_eq!(page.diagnostics.request_count, 8);
    assert_eq!(page.diagnostics.operation_name, "read_many_items");
    let again = world.pages(all, FeedOptions::default()).0;
    assert_eq!(again[0].diagnostics.request_count, 4);
}

#[test]
fn one_item_takes_one_point_read() {
    let world = World::new(3, &[]);
    let one = |n| items(std::iter::once(id(n)), Order::Any);
    let (pages, asked) = world.pages(one(1), FeedOptions::default());
    assert_eq!((numbers(&pages), &*asked), (vec![Some(1)], "1"));
    assert_eq!(
        pages[0].body,
        br#"{"Documents":[{"id":"1","pk":"k1"}],"_count":1}"#
    );
    // What does not exist is paid for too.
    let (pages, asked) = world.pages(one(77), FeedOptions::default());
    assert_eq!((pages.len(), numbers(&pages).len(), &*asked), (1, 0, "77"));
    assert_eq!(pages[0].request_charge, 1.0);
    assert_eq!(pages[0].session_token.as_deref(), Some("0:1#7"));
}

#[test]
fn single_items_and_queries_side_by_side() {
    let world = World::new(40, &QUARTERS);
    // Where the keys lie decides: one of them alone in its partition.
    let low = |n: &usize| Service::place(*n) < "10".parse().unwrap();
    let (first, rest): (Vec<_>, Vec<_>) = (0..40).partition(low);
    let wanted: Vec<_> = first.iter().take(1).chain(&rest).copied().collect();
    let (pages, asked) = world.pages(
        items(wanted.iter().map(|n| id(*n)), Order::Input),
        FeedOptions::default(),
    );
    assert_eq!(asked, format!("{} p1 p2 p3", first[0]));
    let expected: Vec<_> = wanted.into_iter().map(Some).collect();
    assert_eq!(numbers(&pages), expected);
}

#[test]
fn input_order_repeats_duplicates_and_shows_misses() {
    let world = World::new(9, &QUARTERS);
    let wanted = [5, 99, 0, 5, 8, 98, 0];
    for page in [1, 2, 100] {
        let read = items(wanted.iter().map(|n| id(*n)), Order::Input);
        let (pages, _) = world.pages(read, options(page));
        let expected = [5, 99, 0, 5, 8, 98, 0].map(|n| (n < 9).then_some(n));
        assert_eq!(numbers(&pages), expected, "{page}");
        assert_eq!(pages.len(), 7_usize.div_ceil(page as usize));
        let costly = pages.iter().filter(|page| page.request_charge > 0.0);
        assert_eq!(costly.count(), 1, "everything is read for the first page");
    }
    let any = items(wanted.iter().map(|n| id(*n)), Order::Any);
    assert_eq!(
        sorted(&world.pages(any, FeedOptions::default()).0),
        [0, 5, 8]
    );
}

#[test]
fn queries_are_drained_to_the_end_and_pages_filled() {
    let world = World::new(30, &["20"]);
    world.service.page.set(4);
    for (page, sizes) in [(10, &[10, 10, 10][..]), (29, &[29, 1])] {
        let all = items((0..30).map(id), Order::Any);
        let (pages, asked) = world.pages(all, options(page));
        assert_eq!(sorted(&pages), (0..30).collect::<Vec<_>>());
        let found: Vec<_> = pages
            .iter()
            .map(|page| numbers(std::slice::from_ref(page)).len())
            .collect();
        assert_eq!(found, sizes);
        assert!(asked.split(' ').count() <= 9, "{asked}");
    }
}

#[test]
fn no_more_requests_than_allowed_are_under_way() {
    let world = World::new(200, &["08", "10", "18", "20", "28", "30", "38"]);
    for (most, moments) in [(1, 8), (3, 3), (8, 1), (32, 1)] {
        let options = FeedOptions {
            max_concurrency: Some(most),
            ..FeedOptions::default()
        };
        let mut feed = world
            .open(items((0..200).map(id), Order::Any), options)
            .unwrap();
        let page = world.sim.run(feed.next_page()).unwrap().unwrap();
        assert_eq!(sorted(&[page]).len(), 200);
        let mut at: Vec<_> = world
            .sim
            .item_requests()
            .iter()
            .map(|seen| seen.at)
            .collect();
        assert_eq!(at.len(), 8);
        at.dedup();
        assert_eq!(at.len(), moments, "{most}");
    }
}

#[test]
fn all_items_of_partition_keys_and_of_their_beginnings() {
    let key = |t: &str, u: &str| vec![text(t), text(u)];
    let tenants = ["a", "b", "c"];
    let users = ["x", "y", "z"];
    let mut rows = Vec::new();
    for (n, (t, u)) in tenants
        .iter()
        .flat_map(|t| users.iter().map(move |u| (t, u)))
        .enumerate()
    {
        rows.push((
            key(t, u),
            json!({"id": n.to_string(), "t": t, "u": u}).to_string(),
        ));
    }
    let world = World::lay_out(&["/t", "/u"], rows.into_iter(), &QUARTERS);
    for (wanted, expected) in [
        (keys(&[&["a"]]), vec![0, 1, 2]),
        (keys(&[&["a", "y"]]), vec![1]),
        (
            keys(&[&["a", "y"], &["a"], &["c", "z"], &["nobody"]]),
            vec![0, 1, 2, 8],
        ),
    ] {
        let (pages, asked) = world.pages(wanted, FeedOptions::default());
        assert_eq!(sorted(&pages), expected);
        assert!(
            asked.split(' ').all(|line| line.starts_with('p')),
            "{asked}"
        );
    }
    let order = Items {
        order: Order::Input,
        ..keys(&[&["a"]])
    };
    let refused = world.open(order, FeedOptions::default()).err().unwrap();
    assert!(refused.message.contains("input order"));
}

#[test]
fn where_the_key_is_the_id_it_may_be_left_out_but_not_differ() {
    let rows = (0..4).map(|n| {
        (
            vec![text(&n.to_string())],
            json!({"id": n.to_string()}).to_string(),
        )
    });
    let world = World::lay_out(&["/id"], rows, &[]);
    let of = |n: usize, key: Vec<KeyComponent>| ItemId {
        id: n.to_string(),
        key,
    };
    let good = [of(0, vec![]), of(3, vec![text("3")])];
    let (pages, asked) = world.pages(items(good.into_iter(), Order::Any), FeedOptions::default());
    assert_eq!((sorted(&pages), &*asked), (vec![0, 3], "p0"));
    let bad = [of(0, vec![]), of(3, vec![text("4")])];
    let mut feed = world
        .open(items(bad.into_iter(), Order::Any), FeedOptions::default())
        .unwrap();
    for _ in 0..2 {
        let error = world.sim.run(feed.next_page()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.starts_with("input 1 "), "{error}");
    }
    assert_eq!(world.asked(), "");
}
