use super::Mode::{AllVersionsAndDeletes, LatestVersion};
use super::*;
use crate::core::slice::testing::slice;

#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod random;

fn halves() -> Vec<Slice> {
    vec![slice("", "20"), slice("20", "FF")]
}

fn feed(mode: Mode, start: Start) -> ChangeFeed {
    ChangeFeed::new(mode, start, halves()).unwrap()
}

fn changes(rows: &[&str], etag: &str) -> Answer {
    Answer::Changes {
        body: format!(
            r#"{{"_rid":"r","Documents":[{}],"_count":1}}"#,
            rows.join(",")
        )
        .into(),
        etag: Some(etag.to_owned()),
    }
}

fn quiet(etag: &str) -> Answer {
    Answer::NotModified {
        etag: Some(etag.to_owned()),
    }
}

/// Numbers of the leaves that are wanted.
fn wanted(feed: &ChangeFeed) -> Vec<u32> {
    feed.wanted(9).iter().map(|leaf| leaf.id.0).collect()
}

fn page(rows: &[&str]) -> Next {
    Next::Page(rows.iter().map(|row| row.as_bytes().into()).collect())
}

fn etags(feed: &ChangeFeed) -> Vec<Option<String>> {
    let cursors = feed.state().unwrap().cursors;
    cursors.into_iter().map(|cursor| cursor.etag).collect()
}

fn some(etag: &str) -> Option<String> {
    Some(etag.to_owned())
}

/// Both modes, each start, each with and without an etag.
#[test]
fn headers_of_requests() {
    let (latest, all) = (("a-im", "Incremental Feed"), ("a-im", "Full-Fidelity Feed"));
    let format = ("x-ms-cosmos-changefeed-wire-format-version", "2021-09-15");
    let date = ("if-modified-since", "Tue, 01 Jul 2025 12:34:56 GMT");
    let (star, etag) = (("if-none-match", "*"), ("if-none-match", "\"7\""));
    let at = Start::At(1_751_373_296);
    for (mode, start, fresh, going_on) in [
        (
            LatestVersion,
            Start::Beginning,
            vec![latest],
            vec![latest, etag],
        ),
        (
            LatestVersion,
            Start::At(0),
            vec![latest],
            vec![latest, etag],
        ),
        (
            LatestVersion,
            Start::Now,
            vec![latest, star],
            vec![latest, etag],
        ),
        (
            LatestVersion,
            at,
            vec![latest, date],
            vec![latest, etag, date],
        ),
        (
            AllVersionsAndDeletes,
            Start::Now,
            vec![all, format, star],
            vec![all, format, etag],
        ),
    ] {
        let feed = feed(mode, start);
        let mut leaf = feed.wanted(1).pop().unwrap();
        for (etag, expected) in [(None, fresh), (some("\"7\""), going_on)] {
            leaf.etag = etag;
            let sent = |count| {
                let headers = feed.headers(&leaf, count).into_iter();
                headers
                    .map(|(name, value)| (name, String::from_utf8(value).unwrap()))
                    .collect::<Vec<_>>()
            };
            let with = |count: &'static str| {
                let all = expected
                    .iter()
                    .copied()
                    .chain([("x-ms-max-item-count", count)]);
                all.map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(sent(None), with("-1"));
            assert_eq!(sent(Some(50)), with("50"));
        }
    }
    let enveloped = feed(LatestVersion, Start::Beginning).enveloped();
    let leaf = enveloped.wanted(1).pop().unwrap();
    let sent = enveloped.headers(&leaf, None);
    assert_eq!(sent[1], (format.0.to_owned(), format.1.into()));
}

#[test]
fn slices_have_their_turns() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    assert_eq!(wanted(&feed), [0, 1]);
    let mut order = Vec::new();
    for turn in 0..6 {
        let leaf = feed.wanted(1).pop().unwrap();
        order.push(leaf.id.0);
        feed.accept(leaf.id, changes(&["1"], &turn.to_string()))
            .unwrap();
        assert_eq!(feed.next_page(), page(&["1"]));
    }
    assert_eq!(order, [0, 1, 0, 1, 0, 1]);
    // Both answers are here: first the one whose turn it is.
    feed.accept(LeafId(1), changes(&["2"], "a")).unwrap();
    feed.accept(LeafId(0), changes(&["3", "4"], "b")).unwrap();
    assert_eq!(wanted(&feed), [0; 0]);
    assert_eq!(feed.next_page(), page(&["3", "4"]));
    assert_eq!(feed.next_page(), page(&["2"]));
    assert_eq!(feed.next_page(), Next::Asking);
}

#[test]
fn a_page_moves_the_cursor_when_it_is_taken() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    feed.accept(LeafId(0), changes(&["1"], "a")).unwrap();
    feed.accept(LeafId(1), quiet("b")).unwrap();
    assert_eq!(etags(&feed), [None, some("b")]);
    // A second answer does not replace what was not taken.
    feed.accept(LeafId(0), changes(&["2"], "c")).unwrap();
    assert_eq!(feed.next_page(), page(&["1"]));
    assert_eq!(etags(&feed), [some("a"), some("b")]);
    // An empty page is no page, and no silence either.
    feed.accept(LeafId(0), changes(&[], "d")).unwrap();
    assert_eq!(etags(&feed), [some("d"), some("b")]);
    assert_eq!(feed.next_page(), Next::Asking);
    assert_eq!(wanted(&feed), [1, 0]);
}

#[test]
fn a_round_without_changes_is_said_once() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    feed.accept(LeafId(0), quiet("a")).unwrap();
    assert_eq!(feed.next_page(), Next::Asking);
    assert_eq!(wanted(&feed), [1], "a quiet slice is not asked again");
    feed.accept(LeafId(1), quiet("b")).unwrap();
    assert_eq!(wanted(&feed), [0; 0]);
    assert_eq!(feed.next_page(), Next::CaughtUp);
    assert_eq!(feed.next_page(), Next::Asking);
    assert_eq!(wanted(&feed).len(), 2);
    // Not modified, without an etag: the old one stays.
    feed.accept(LeafId(0), Answer::NotModified { etag: None })
        .unwrap();
    assert_eq!(etags(&feed), [some("a"), some("b")]);
    // A page begins a new round: the other slice may have changes by now.
    feed.accept(LeafId(1), changes(&["1"], "c")).unwrap();
    assert_eq!(feed.next_page(), page(&["1"]));
    assert_eq!(wanted(&feed), [0, 1]);
}

#[test]
fn all_versions_are_pinned_before_the_first_page() {
    let mut feed = feed(AllVersionsAndDeletes, Start::Now);
    assert!(feed.state().is_err());
    feed.accept(LeafId(0), quiet("a")).unwrap();
    assert_eq!(wanted(&feed), [1]);
    assert_eq!(
        (feed.next_page(), feed.state().is_err()),
        (Next::Asking, true)
    );
    let error = feed.accept(LeafId(1), Answer::NotModified { etag: None });
    assert_eq!(error.unwrap_err().kind, ErrorKind::Service);
    feed.accept(LeafId(1), changes(&["1"], "b")).unwrap();
    assert_eq!(feed.next_page(), page(&["1"]));
    assert_eq!(etags(&feed), [some("a"), some("b")]);
    for start in [Start::Beginning, Start::At(1)] {
        let error = ChangeFeed::new(AllVersionsAndDeletes, start, halves()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains("starts now"), "{error}");
    }
}

#[test]
fn children_inherit_the_etag() {
    let mut feed = feed(LatestVersion, Start::Now);
    feed.accept(LeafId(0), quiet("a")).unwrap();
    feed.accept(LeafId(1), quiet("b")).unwrap();
    feed.next_page();
    let parts = vec![slice("", "08"), slice("08", "10"), slice("10", "20")];
    assert!(feed.replace(LeafId(0), parts).unwrap());
    assert_eq!(etags(&feed), [some("a"), some("a"), some("a"), some("b")]);
    assert_eq!(wanted(&feed), [2, 3, 4, 1]);
    // The leaf that was replaced is unknown now.
    feed.accept(LeafId(0), quiet("late")).unwrap();
    assert!(feed.replace(LeafId(0), Vec::new()).unwrap());
    assert_eq!(etags(&feed)[0], some("a"));
    // A merge: the same slice, on a wider partition.
    assert!(feed.replace(LeafId(2), vec![slice("", "08")]).unwrap());
    assert_eq!(wanted(&feed), [5, 3, 4, 1]);
    // What waits to be taken stays.
    feed.accept(LeafId(5), changes(&["1"], "c")).unwrap();
    assert!(feed.replace(LeafId(5), vec![slice("", "08")]).unwrap());
    assert_eq!(feed.next_page(), page(&["1"]));
    // The turn stays with the slice that has it.
    assert!(
        feed.replace(LeafId(5), vec![slice("", "04"), slice("04", "08")])
            .unwrap()
    );
    assert_eq!(wanted(&feed)[0], 3);
}

#[test]
fn parts_have_to_be_the_whole() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    for parts in [
        vec![],
        vec![slice("", "10")],
        vec![slice("", "10"), slice("11", "20")],
        vec![slice("", "FF")],
    ] {
        let error = feed.replace(LeafId(0), parts).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service);
    }
    assert_eq!(wanted(&feed), [0, 1]);
}

#[test]
fn repairs_are_limited() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    let whole = || vec![slice("", "20")];
    let first = |feed: &ChangeFeed| feed.wanted(1)[0].id;
    for _ in 0..MAX_REPAIRS {
        assert!(feed.replace(first(&feed), whole()).unwrap());
    }
    assert!(!feed.replace(first(&feed), whole()).unwrap());
    // An answer is progress.
    feed.accept(first(&feed), changes(&[], "a")).unwrap();
    let leaf = feed.wanted(2)[1].id;
    assert!(feed.replace(leaf, whole()).unwrap());
}

#[test]
fn states_that_no_feed_has_given_are_refused() {
    let state = |slices: Vec<Slice>, etag: Option<&str>| State {
        mode: LatestVersion,
        start: Start::Beginning,
        cursors: slices
            .into_iter()
            .map(|slice| Cursor {
                slice,
                etag: etag.map(str::to_owned),
            })
            .collect(),
        turn: "20".parse().unwrap(),
    };
    let good = state(halves(), Some("\"a\""));
    let feed = ChangeFeed::resume(LatestVersion, good.clone()).unwrap();
    assert_eq!(feed.state().unwrap(), good);
    assert_eq!(wanted(&feed), [1, 0], "the turn is kept");
    let error = ChangeFeed::resume(AllVersionsAndDeletes, good).unwrap_err();
    assert!(error.message.contains("other mode"), "{error}");
    for bad in [
        state(vec![], None),
        state(vec![slice("20", "FF"), slice("", "20")], None),
        state(vec![slice("", "21"), slice("20", "FF")], None),
        state(vec![slice("10", "10")], None),
        state(vec![slice("", "FF01")], None),
        state(halves(), Some("")),
        state(halves(), Some("a\nb")),
        state(halves(), Some(&"x".repeat(9000))),
    ] {
        let error = ChangeFeed::resume(LatestVersion, bad).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
    // A part of the container is fine, and so are holes in it.
    let part = state(vec![slice("08", "10"), slice("20", "30")], None);
    assert!(ChangeFeed::resume(LatestVersion, part).is_ok());
}

#[test]
fn answers_that_make_no_sense_end_the_feed() {
    let page = |body: &str, etag: Option<&str>| Answer::Changes {
        body: body.as_bytes().to_vec(),
        etag: etag.map(str::to_owned),
    };
    for answer in [
        page(r#"{"Documents":[1]}"#, None),
        page("<html>", Some("a")),
        page("{}", Some("a")),
    ] {
        let mut feed = feed(LatestVersion, Start::Beginning);
        let error = feed.accept(LeafId(0), answer).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service);
    }
}

/// A host that runs now and then: it asks one slice, keeps the state, and forgets the rest.
#[test]
fn one_slice_in_each_run() {
    let three = vec![slice("", "10"), slice("10", "20"), slice("20", "FF")];
    let mut state = ChangeFeed::new(LatestVersion, Start::Beginning, three)
        .unwrap()
        .state()
        .unwrap();
    let mut asked = Vec::new();
    for run in 0..7 {
        let mut feed = ChangeFeed::resume(LatestVersion, state).unwrap();
        let leaf = feed.step().unwrap();
        asked.push(leaf.slice.min.to_hex());
        let etag = run.to_string();
        if run % 2 == 0 {
            feed.accept(leaf.id, changes(&["1"], &etag)).unwrap();
            assert_eq!(feed.step(), None, "a page waits");
            assert_eq!(feed.next_page(), page(&["1"]));
        } else {
            feed.accept(leaf.id, quiet(&etag)).unwrap();
            assert_eq!(feed.next_page(), Next::Asking);
        }
        state = feed.state().unwrap();
    }
    assert_eq!(asked, ["", "10", "20", "", "10", "20", ""]);
    // In one run, the round ends.
    let mut feed = ChangeFeed::resume(LatestVersion, state).unwrap();
    let mut steps = 0;
    while let Some(leaf) = feed.step() {
        feed.accept(leaf.id, quiet("z")).unwrap();
        steps += 1;
    }
    assert_eq!((steps, feed.next_page()), (3, Next::CaughtUp));
}
