use super::super::throughput::{Found, MAX_POLL_DELAY, Notes, Replacement, Search, Step};
use super::said;
use crate::core::ErrorKind;
use crate::core::clock::{Nanos, SECOND};
use crate::wire::headers::ResponseHeaders;
use crate::wire::offer::{Offer, Rate};

fn offer(content: &str) -> String {
    format!(
        r#"{{"id":"uT2L","_rid":"uT2L","offerVersion":"V2","resource":"dbs/a/","offerResourceId":"rid=","content":{content},"x":1.0}}"#
    )
}

fn manual(rate: i64) -> String {
    offer(&format!(r#"{{"offerThroughput":{rate}}}"#))
}

fn autoscale(rate: i64) -> String {
    offer(&format!(
        r#"{{"offerThroughput":400,"offerAutopilotSettings":{{"maxThroughput":{rate}}}}}"#
    ))
}

fn parsed(text: &str) -> Offer {
    Offer::parse(text.as_bytes()).unwrap()
}

const PUT: &str = "PUT /offers/uT2L offers:ut2l";

#[test]
fn the_offer_of_a_resource() {
    let (search, request) = Search::begin("rid=", false).unwrap();
    let query = "POST /offers offers:\ncontent-type: application/query+json\nx-ms-documentdb-isquery: True\n\
        x-ms-max-item-count: -1";
    let body = |rid: &str| {
        format!(
            r#"{{"query":"SELECT * FROM c WHERE c.offerResourceId = @rid","parameters":[{{"name":"@rid","value":"{rid}"}}]}}"#
        )
    };
    assert_eq!(said(&request), format!("{query}\n\n{}", body("rid=")));
    let page = |offers: &str| format!(r#"{{"_rid":"","Offers":[{offers}],"_count":1}}"#);
    match search.accept(page(&manual(400)).as_bytes(), None).unwrap() {
        Found::Offer(offer) => assert_eq!(offer.rate, Rate::Manual(400)),
        other => panic!("{other:?}"),
    }
    // An empty page is not the end.
    match search
        .accept(page("").as_bytes(), Some("more".to_owned()))
        .unwrap()
    {
        Found::Ask(request) => {
            let next = format!("{query}\nx-ms-continuation: more\n\n{}", body("rid="));
            assert_eq!(said(&request), next);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        search.accept(page("").as_bytes(), None).unwrap(),
        Found::Nothing
    ));
    let error = search.accept(b"{}", None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Service);

    // The resource id may be old: once.
    let (mut search, _) = Search::begin("old=", true).unwrap();
    assert!(matches!(
        search.accept(page("").as_bytes(), None).unwrap(),
        Found::ReadResource
    ));
    let request = search.refresh("new=").unwrap().unwrap();
    assert_eq!(said(&request), format!("{query}\n\n{}", body("new=")));
    assert!(matches!(
        search.accept(page("").as_bytes(), None).unwrap(),
        Found::Nothing
    ));
    let (mut search, _) = Search::begin("same=", true).unwrap();
    assert!(search.refresh("same=").unwrap().is_none());
}

/// What a replacement sends, given the offer and the answers to it: body, and whether it is pending.
fn run(
    from: &str,
    target: Rate,
    answers: &[(String, bool)],
) -> (Vec<(String, Nanos)>, Option<Rate>) {
    let Some((mut replacement, request)) = Replacement::begin(&parsed(from), target).unwrap()
    else {
        return (Vec::new(), None);
    };
    let mut sent = vec![(said(&request), 0)];
    for (body, pending) in answers {
        match replacement.accept(body.as_bytes(), *pending, None).unwrap() {
            Step::Ask { request, delay } => sent.push((said(&request), delay)),
            Step::Done(offer) => return (sent, Some(offer.rate)),
        }
    }
    (sent, None)
}

#[test]
fn a_rate_of_the_same_kind_is_one_request() {
    for (from, target, to) in [
        (manual(400), Rate::Manual(500), manual(500)),
        (autoscale(4000), Rate::Autoscale(5000), autoscale(5000)),
    ] {
        let (sent, done) = run(&from, target, &[(to.clone(), false)]);
        assert_eq!(sent, [(format!("{PUT}\n\n{to}"), 0)]);
        assert_eq!(done, Some(target));
        let (sent, _) = run(&to, target, &[]);
        assert!(sent.is_empty(), "it is so already");
    }
}

#[test]
fn a_replacement_under_way_is_looked_at() {
    let answers: Vec<_> = (0..7)
        .map(|_| (manual(400), true))
        .chain([(manual(90_000), false)])
        .collect();
    let (sent, done) = run(&manual(400), Rate::Manual(90_000), &answers);
    let look = |seconds: Nanos| ("GET /offers/uT2L offers:ut2l".to_owned(), seconds * SECOND);
    assert_eq!(sent[1..], [1, 2, 4, 8, 16, 30, 30].map(look));
    assert_eq!(MAX_POLL_DELAY, 30 * SECOND);
    assert_eq!(done, Some(Rate::Manual(90_000)));
    let (mut replacement, _) = Replacement::begin(&parsed(&manual(400)), Rate::Manual(1000))
        .unwrap()
        .unwrap();
    match replacement.accept(b"", true, Some(5 * SECOND)).unwrap() {
        Step::Ask { delay, .. } => assert_eq!(delay, 5 * SECOND),
        Step::Done(_) => panic!(),
    }
}

#[test]
fn another_kind_is_a_migration_and_then_a_rate() {
    let (to_autoscale, to_manual) = (
        "x-ms-cosmos-migrate-offer-to-autopilot: true",
        "x-ms-cosmos-migrate-offer-to-manual-throughput: true",
    );
    for (from, target, header, asked, between, to) in [
        (
            manual(400),
            Rate::Autoscale(7000),
            to_autoscale,
            manual(-1),
            autoscale(4000),
            autoscale(7000),
        ),
        (
            autoscale(4000),
            Rate::Manual(600),
            to_manual,
            autoscale(-1),
            manual(400),
            manual(600),
        ),
    ] {
        let answers = [
            (from.clone(), true),
            (between.clone(), false),
            (to.clone(), true),
            (to.clone(), false),
        ];
        let (sent, done) = run(&from, target, &answers);
        let look = ("GET /offers/uT2L offers:ut2l".to_owned(), SECOND);
        let expected = [
            (format!("{PUT}\n{header}\n\n{asked}"), 0),
            look.clone(),
            (format!("{PUT}\n\n{to}"), 0),
            look,
        ];
        assert_eq!(sent, expected);
        assert_eq!(done, Some(target));
        // The service may choose the right rate by itself.
        let (sent, done) = run(&from, target, &[(to, false)]);
        assert_eq!((sent.len(), done), (1, Some(target)));
    }
}

#[test]
fn a_migration_that_does_not_happen_is_an_error() {
    let start = parsed(&manual(400));
    let begin = || {
        Replacement::begin(&start, Rate::Autoscale(4000))
            .unwrap()
            .unwrap()
            .0
    };
    let mut replacement = begin();
    let mut looks = 0;
    let error = loop {
        match replacement.accept(manual(400).as_bytes(), false, None) {
            Ok(Step::Ask { .. }) => looks += 1,
            Ok(Step::Done(offer)) => panic!("{offer:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!((looks, error.kind), (4, ErrorKind::Service));
    let error = begin().accept(b"{}", false, None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Service);
}

#[test]
fn notes_of_a_response() {
    let notes = |status, headers: &[(&str, &str)]| {
        let list = headers.iter();
        let list = list.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        let notes = Notes::of(status, &ResponseHeaders::from_list(list.collect()));
        (notes.minimum, notes.pending)
    };
    let (minimum, pending) = ("x-ms-cosmos-min-throughput", "x-ms-offer-replace-pending");
    for (status, headers, expected) in [
        (200, &[][..], (None, false)),
        (202, &[], (None, true)),
        (
            200,
            &[(minimum, "400"), (pending, "True")],
            (Some(400), true),
        ),
        (200, &[(pending, "true")], (None, true)),
        (202, &[(pending, "FALSE")], (None, false)),
        (200, &[(minimum, "few"), (pending, "")], (None, false)),
    ] {
        assert_eq!(notes(status, headers), expected);
    }
}
