use super::super::sequence::Sequence;
use super::{at, said};
use crate::core::operation::{Operation, Throughput};
use crate::core::request::Request;
use crate::core::{Error, ErrorKind, Outcome, Result};
use crate::wire::headers::ResponseHeaders;

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

fn page(offers: &str) -> String {
    format!(r#"{{"_rid":"","Offers":[{offers}],"_count":1}}"#)
}

const RESOURCE: &str = r#"{"id":"c","_rid":"rid=","_etag":"\"e\""}"#;
const READ: &str = "GET /dbs/d%20b/colls/c colls:dbs/d b/colls/c";
const SEARCH: &str = "POST /offers offers:\ncontent-type: application/query+json\nx-ms-documentdb-isquery: True\n\
     x-ms-max-item-count: -1";
const QUERY: &str = r#"{"query":"SELECT * FROM c WHERE c.offerResourceId = @rid","parameters":[{"name":"@rid","value":"rid="}]}"#;
const LOOK: &str = "GET /offers/uT2L offers:ut2l";
const PUT: &str = "PUT /offers/uT2L offers:ut2l";

fn manage(throughput: Option<Throughput>) -> Operation {
    Operation::ManageThroughput {
        database: at().database,
        container: Some(at().container),
        throughput,
    }
}

fn set(throughput: Throughput) -> Operation {
    manage(Some(throughput))
}

fn merge(definition: &str, if_match: Option<&str>) -> Operation {
    Operation::ReplaceContainer {
        container: at(),
        definition: definition.as_bytes().to_vec(),
        if_match: if_match.map(str::to_owned),
        merge: true,
    }
}

/// An answer of status 200: its body and a header.
#[derive(Clone)]
struct Says(String, &'static str, &'static str);

fn plain(body: impl Into<String>) -> Says {
    Says(body.into(), "x", "")
}

fn answered(sequence: &mut Sequence, answer: &Says) -> Result<Option<Box<Request>>> {
    let header = (answer.1.to_owned(), answer.2.as_bytes().to_vec());
    let headers = ResponseHeaders::from_list(vec![header]);
    sequence.answered(200, &headers, answer.0.as_bytes())
}

/// What an operation sends that gets these answers, all of them.
fn run(operation: Operation, answers: &[Says]) -> Vec<String> {
    let (mut sequence, request) = Sequence::begin(operation, false).unwrap();
    let mut sent = vec![said(&request)];
    for (place, answer) in answers.iter().enumerate() {
        match answered(&mut sequence, answer).unwrap() {
            Some(request) => sent.push(said(&request)),
            None => assert_eq!(
                place,
                answers.len().saturating_sub(1),
                "too early: {sent:?}"
            ),
        }
    }
    assert_eq!(sent.len(), answers.len(), "more is sent");
    sent
}

#[test]
fn an_offer_is_found_and_read() {
    let search = format!("{SEARCH}\n\n{QUERY}");
    let answers = [RESOURCE, &page(&manual(400)), &manual(400)].map(plain);
    let sent = run(manage(None), &answers);
    assert_eq!(sent, [READ, &search, LOOK]);
    // An empty page is not the end.
    let mut answers = answers.to_vec();
    answers.insert(1, Says(page(""), "x-ms-continuation", "more"));
    let sent = run(manage(None), &answers);
    let second = format!("{SEARCH}\nx-ms-continuation: more\n\n{QUERY}");
    assert_eq!(sent, [READ, &search, &second, LOOK]);
    // That of a database.
    let database = Operation::ManageThroughput {
        database: at().database,
        container: None,
        throughput: None,
    };
    let (_, request) = Sequence::begin(database, false).unwrap();
    assert_eq!(said(&request), "GET /dbs/d%20b dbs:dbs/d b");
}

#[test]
fn answers_that_end_a_search() {
    for (answers, kind) in [
        (vec![plain("{}")], ErrorKind::Service),
        (vec![plain(RESOURCE), plain("{}")], ErrorKind::Service),
        (vec![plain(RESOURCE), plain(page(""))], ErrorKind::NotFound),
    ] {
        let operation = manage(None);
        let (mut sequence, _) = Sequence::begin(operation, false).unwrap();
        let (last, others) = answers.split_last().unwrap();
        for answer in others {
            answered(&mut sequence, answer).unwrap().unwrap();
        }
        let error = answered(&mut sequence, last).unwrap_err();
        assert_eq!(
            (error.kind, error.outcome),
            (kind, Outcome::NotApplied),
            "{error}"
        );
    }
}

#[test]
fn a_rate_of_the_same_kind_is_set_at_once() {
    for (from, target, to) in [
        (manual(400), Throughput::Manual(500), manual(500)),
        (
            autoscale(4000),
            Throughput::Autoscale(5000),
            autoscale(5000),
        ),
    ] {
        let answers = [RESOURCE, &page(&from), &to].map(plain);
        let sent = run(set(target), &answers);
        assert_eq!(sent[2], format!("{PUT}\n\n{to}"));
        // It is so already: only what is being done about it is read.
        let answers = [RESOURCE, &page(&to), &to].map(plain);
        assert_eq!(run(set(target), &answers)[2], LOOK);
    }
    assert!(Sequence::begin(set(Throughput::Manual(401)), false).is_err());
}

#[test]
fn another_kind_is_a_migration_and_then_a_rate() {
    for (from, target, header, asked, between, to) in [
        (
            manual(400),
            Throughput::Autoscale(7000),
            "x-ms-cosmos-migrate-offer-to-autopilot: true",
            manual(-1),
            autoscale(4000),
            autoscale(7000),
        ),
        (
            autoscale(4000),
            Throughput::Manual(600),
            "x-ms-cosmos-migrate-offer-to-manual-throughput: true",
            autoscale(-1),
            manual(400),
            manual(600),
        ),
    ] {
        let found = [RESOURCE, &page(&from)].map(plain);
        let migrate = format!("{PUT}\n{header}\n\n{asked}");
        let sent = run(
            set(target),
            &[&found[..], &[plain(&*between), plain(&*to)]].concat(),
        );
        assert_eq!(sent[2..], [migrate.clone(), format!("{PUT}\n\n{to}")]);
        // The service may choose the right rate by itself, or need time: then the caller comes back.
        let pending = Says(between.clone(), "x-ms-offer-replace-pending", "True");
        for end in [plain(&*to), pending] {
            let sent = run(set(target), &[&found[..], &[end]].concat());
            assert_eq!((sent.len(), &sent[2]), (3, &migrate));
        }
    }
}

#[test]
fn a_migration_that_fails_halfway_says_so() {
    let begin = || {
        let (mut sequence, _) = Sequence::begin(set(Throughput::Autoscale(4000)), false).unwrap();
        for body in [RESOURCE, &page(&manual(400))] {
            answered(&mut sequence, &plain(body)).unwrap().unwrap();
        }
        sequence
    };
    for body in [manual(400), "{}".to_owned()] {
        let error = answered(&mut begin(), &plain(body)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service);
    }
    let refused = || Error::new(ErrorKind::Throttled, "429.");
    let error = begin().failed(refused(), false).unwrap_err();
    assert_eq!(error.outcome, Outcome::NotApplied);
    let mut sequence = begin();
    let rate = answered(&mut sequence, &plain(autoscale(1000))).unwrap();
    assert_eq!(
        said(&rate.unwrap()),
        format!("{PUT}\n\n{}", autoscale(4000))
    );
    let error = sequence.failed(refused(), false).unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert!(error.message.starts_with("429. The throughput has changed"));
}

#[test]
fn a_merge_keeps_what_it_does_not_name() {
    let document = r#"{"id":"c","ttl":1.0,"_etag":"x","new":{"a": 1}}"#;
    let answers = [Says(document.to_owned(), "etag", "\"e\""), plain(document)];
    let put = |etag: &str| {
        format!(
            "PUT /dbs/d%20b/colls/c colls:dbs/d b/colls/c\nif-match: {etag}\n\n{}",
            r#"{"id":"c","ttl":60,"_etag":"x","new":{"a": 1}}"#
        )
    };
    let definition = r#"{"id":"c","ttl":60}"#;
    assert_eq!(
        run(merge(definition, None), &answers),
        [READ, &put("\"e\"")]
    );
    let own = run(merge(definition, Some("\"own\"")), &answers);
    assert_eq!(own, [READ, &put("\"own\"")]);
    for bad in ["", "[]"] {
        let error = Sequence::begin(merge(bad, None), false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
    assert!(Sequence::begin(merge("{}", Some("a\nb")), false).is_err());
}

#[test]
fn a_merge_is_repeated_when_somebody_else_was_faster() {
    let document = || Says("{}".to_owned(), "etag", "\"e\"");
    let conflict = || Error::new(ErrorKind::PreconditionFailed, "412");
    let (mut sequence, _) = Sequence::begin(merge("{}", None), false).unwrap();
    for _ in 0..5 {
        answered(&mut sequence, &document()).unwrap().unwrap();
        let again = sequence.failed(conflict(), false).unwrap();
        assert_eq!(said(&again), READ);
    }
    answered(&mut sequence, &document()).unwrap().unwrap();
    assert!(sequence.failed(conflict(), false).is_err());
    // The caller's own etag is not to be exchanged, and other failures are no reason.
    let (mut sequence, _) = Sequence::begin(merge("{}", Some("\"o\"")), false).unwrap();
    answered(&mut sequence, &document()).unwrap().unwrap();
    assert!(sequence.failed(conflict(), false).is_err());
    let (mut sequence, _) = Sequence::begin(merge("{}", None), false).unwrap();
    let error = Error::new(ErrorKind::NotFound, "404");
    assert!(sequence.failed(error, false).is_err());
}

#[test]
fn everything_else_is_one_request() {
    let operation = Operation::ReadContainer(at());
    assert!(!operation.is_several());
    assert!(Sequence::begin(operation, false).is_err());
    for operation in [
        manage(None),
        set(Throughput::Manual(400)),
        merge("{}", None),
    ] {
        assert!(operation.is_several(), "{operation:?}");
        assert!(Request::new(operation, false).is_err());
    }
}
