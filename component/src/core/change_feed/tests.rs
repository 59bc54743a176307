use super::Mode::{AllVersionsAndDeletes, LatestVersion};
use super::*;
use crate::core::feed_token::{Place, Refused, Walk};
use crate::core::ranges::testing::{ranges, slice};

#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod random;

fn halves() -> Vec<EpkRange> {
    vec![slice("", "20"), slice("20", "FF")]
}

fn feed(mode: Mode, start: Start) -> ChangeFeed {
    ChangeFeed::new(mode, start, halves())
}

fn body(rows: &[&str]) -> Vec<u8> {
    let rows = rows.join(",");
    format!(r#"{{"_rid":"r","Documents":[{rows}],"_count":1}}"#).into()
}

fn changes(rows: &[&str], etag: &str) -> Answer {
    Answer::Changes {
        body: body(rows),
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
    Next::Page(body(rows))
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
            let headers = feed.headers(&leaf);
            let sent: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()))
                .collect();
            assert_eq!(sent, expected);
        }
    }
    let enveloped = feed(LatestVersion, Start::Beginning).enveloped();
    let leaf = enveloped.wanted(1).pop().unwrap();
    let sent = enveloped.headers(&leaf);
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
    assert_eq!(wanted(&feed), [0; 0], "pages wait");
    assert_eq!(feed.next_page(), page(&["3", "4"]));
    assert_eq!(wanted(&feed), [0; 0], "a page waits");
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
    // But where nothing moves, it is.
    feed.accept(LeafId(0), changes(&[], "d")).unwrap();
    assert_eq!(wanted(&feed), [1]);
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
}

#[test]
fn children_inherit_the_etag() {
    let mut feed = feed(LatestVersion, Start::Now);
    feed.accept(LeafId(0), quiet("a")).unwrap();
    feed.accept(LeafId(1), quiet("b")).unwrap();
    feed.next_page();
    feed.repair(LeafId(0), &ranges(2, &["08", "10", "20"]))
        .unwrap();
    assert_eq!(etags(&feed), [some("a"), some("a"), some("a"), some("b")]);
    assert_eq!(wanted(&feed), [2, 3, 4, 1]);
    // The leaf that was replaced is unknown now.
    feed.accept(LeafId(0), quiet("late")).unwrap();
    feed.repair(LeafId(0), &ranges(9, &[])).unwrap();
    assert_eq!(etags(&feed)[0], some("a"));
    // A merge: the same slice, on a wider partition.
    feed.repair(LeafId(2), &ranges(9, &[])).unwrap();
    assert_eq!(wanted(&feed), [5, 3, 4, 1]);
    // What waits to be taken stays.
    feed.accept(LeafId(5), changes(&["1"], "c")).unwrap();
    feed.repair(LeafId(5), &ranges(9, &["04"])).unwrap();
    assert_eq!(feed.next_page(), page(&["1"]));
    // The turn stays with the slice that has it.
    feed.repair(LeafId(5), &ranges(9, &["04"])).unwrap();
    assert_eq!(wanted(&feed)[0], 3);
}

#[test]
fn repairs_are_limited() {
    let mut feed = feed(LatestVersion, Start::Beginning);
    let map = ranges(0, &["20"]);
    let first = |feed: &ChangeFeed| feed.wanted(1)[0].id;
    for _ in 0..MAX_REPAIRS {
        feed.repair(first(&feed), &map).unwrap();
    }
    let error = feed.repair(first(&feed), &map).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    // An answer is progress.
    feed.accept(first(&feed), changes(&[], "a")).unwrap();
    let leaf = feed.wanted(2)[1].id;
    feed.repair(leaf, &map).unwrap();
}

#[test]
fn a_state_outlives_its_feed_as_a_token() {
    let map = ranges(0, &["20"]);
    let part = slice("08", "30");
    for turn in ["", "20", "28"] {
        let state = State {
            start: Start::At(7),
            cursors: vec![
                Cursor {
                    slice: slice("08", "20"),
                    etag: some("\"a\""),
                },
                Cursor {
                    slice: slice("20", "30"),
                    etag: None,
                },
            ],
            turn: turn.parse().unwrap(),
        };
        let place = state.clone().into_place();
        assert_eq!(State::of(&place, &part, &map).unwrap(), state);
        let feed = ChangeFeed::resume(LatestVersion, state.clone());
        let turns: &[u32] = if turn.is_empty() { &[0, 1] } else { &[1, 0] };
        assert_eq!(wanted(&feed), turns);
        // Its partitions have split since.
        let split = State::of(&place, &part, &ranges(2, &["10", "20", "28"])).unwrap();
        let etags: Vec<_> = split
            .cursors
            .into_iter()
            .map(|cursor| cursor.etag)
            .collect();
        assert_eq!(etags, [some("\"a\""), some("\"a\""), None, None]);
        // It is of this part alone.
        for other in [EpkRange::ALL, slice("08", "20"), slice("08", "31")] {
            let refused = State::of(&place, &other, &map).unwrap_err();
            assert_eq!(refused, Refused::Uncovered);
        }
    }
    let drained = Place {
        walk: Walk::Drained,
        skip: 0,
        take: None,
        last: None,
        slices: Vec::new(),
    };
    let refused = State::of(&drained, &part, &map).unwrap_err();
    assert_eq!(refused, Refused::OtherKind);
}

#[test]
fn answers_that_make_no_sense_are_errors() {
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
    let feed = ChangeFeed::new(LatestVersion, Start::Beginning, three);
    let mut state = feed.state().unwrap();
    let mut asked = Vec::new();
    for run in 0..7 {
        let mut feed = ChangeFeed::resume(LatestVersion, state);
        let leaf = feed.wanted(1).pop().unwrap();
        asked.push(leaf.slice.min.to_hex());
        let etag = run.to_string();
        if run % 2 == 0 {
            feed.accept(leaf.id, changes(&["1"], &etag)).unwrap();
            assert_eq!(feed.next_page(), page(&["1"]));
        } else {
            feed.accept(leaf.id, quiet(&etag)).unwrap();
            assert_eq!(feed.next_page(), Next::Asking);
        }
        state = feed.state().unwrap();
    }
    assert_eq!(asked, ["", "10", "20", "", "10", "20", ""]);
    // In one run, the round ends.
    let mut feed = ChangeFeed::resume(LatestVersion, state);
    let mut steps = 0;
    while let Some(leaf) = feed.wanted(1).pop() {
        feed.accept(leaf.id, quiet("z")).unwrap();
        steps += 1;
    }
    assert_eq!((steps, feed.next_page()), (3, Next::CaughtUp));
}
