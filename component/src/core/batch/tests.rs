use super::*;
use crate::wire::patch::{PatchOperation, PatchValue};

fn plain(action: Action) -> BatchOperation {
    BatchOperation {
        action,
        if_match: None,
        if_none_match: None,
    }
}

fn create(id: &str) -> BatchOperation {
    plain(Action::Create(format!("{{\"id\":{id:?}}}").into_bytes()))
}

fn read(id: &str) -> BatchOperation {
    plain(Action::Read(id.to_owned()))
}

fn increment(etag: Option<&str>) -> BatchOperation {
    let step = PatchOperation::Increment(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    });
    BatchOperation {
        if_match: etag.map(str::to_owned),
        ..plain(Action::Patch("p".to_owned(), vec![step], None))
    }
}

/// The answer's results as their statuses.
fn conclude_with(operations: &[BatchOperation], answer: &str) -> Result<Vec<u16>> {
    let body = batch::body(operations, true).unwrap();
    let sent = Sent {
        operations: operations.len(),
        class: class_of(operations),
        body: &body,
    };
    let headers = ResponseHeaders {
        activity_id: Some("a-1".to_owned()),
        request_charge: 5.5,
        ..ResponseHeaders::default()
    };
    let results = conclude(&sent, &headers, answer.as_bytes(), &|text| {
        *text = text.replace("secret", "***");
    })?;
    Ok(results.iter().map(|result| result.status).collect())
}

#[test]
fn a_batch_may_be_repeated_for_what_all_its_operations_may() {
    let guarded = increment(Some("\"e\""));
    let cases = [
        (vec![read("a"), read("b")], Class::Read),
        (vec![read("a"), create("b")], Class::Write),
        (vec![plain(Action::Delete("a".to_owned()))], Class::Write),
        (vec![increment(None), create("a")], Class::UnsafeWrite),
        (vec![read("a"), increment(None)], Class::UnsafeWrite),
        (vec![guarded, read("a")], Class::Write),
    ];
    for (operations, class) in cases {
        assert_eq!(class_of(&operations), class);
    }
}

#[test]
fn all_results_when_all_succeed() {
    let both = [create("a"), read("b")];
    for (answer, statuses) in [
        (r#"[{"statusCode":201},{"statusCode":200}]"#, [201, 200]),
        // Unchanged, and the rest was carried out.
        (r#"[{"statusCode":201},{"statusCode":304}]"#, [201, 304]),
    ] {
        assert_eq!(conclude_with(&both, answer).unwrap(), statuses);
    }
}

#[test]
fn one_failed_operation_is_the_error_of_the_batch() {
    let three = [create("a"), increment(None), read("b\"")];
    // Statuses, sub-status and retry-after; the failed operation; its kind and what is said of it.
    let cases: [(&str, u16, ErrorKind, &str); 5] = [
        (
            r#"[{"statusCode":409},{"statusCode":424},{"statusCode":424}]"#,
            409,
            ErrorKind::Conflict,
            "operation 0 of 3 (Create of \"a\"): 409 ",
        ),
        (
            r#"[{"statusCode":424},{"statusCode":412,"subStatusCode":5},{"statusCode":424}]"#,
            412,
            ErrorKind::PreconditionFailed,
            "operation 1 of 3 (Patch of \"p\"): 412/5 ",
        ),
        (
            r#"[{"statusCode":424},{"statusCode":424},{"statusCode":404}]"#,
            404,
            ErrorKind::NotFound,
            "operation 2 of 3 (Read of \"b\"\"): 404 ",
        ),
        (
            r#"[{"statusCode":424},{"statusCode":424},{"statusCode":304}]"#,
            304,
            ErrorKind::PreconditionFailed,
            "operation 2 of 3 (Read of \"b\"\"): 304.",
        ),
        // Not even an internal error leaves a part of a batch behind.
        (
            r#"[{"statusCode":424},{"statusCode":500},{"statusCode":424}]"#,
            500,
            ErrorKind::Service,
            "operation 1 of 3 (Patch of \"p\"): 500 ",
        ),
    ];
    for (answer, status, kind, said) in cases {
        let error = conclude_with(&three, answer).unwrap_err();
        assert_eq!((error.status, error.kind), (Some(status), kind), "{answer}");
        assert_eq!(error.outcome, Outcome::NotApplied, "{answer}");
        let place = error.failed_operation.unwrap();
        assert!(said.starts_with(&format!("operation {place} of 3")));
        let message = &error.message;
        assert!(message.starts_with("execute_batch: "), "{message}");
        assert!(message.contains(said), "{message}");
        assert!(message.ends_with("None of the batch was carried out."));
        let headers = error.headers.unwrap();
        assert_eq!(headers.activity_id.as_deref(), Some("a-1"));
        assert_eq!(headers.request_charge, 5.5);
    }
}

#[test]
fn the_error_has_what_the_operation_says_and_no_secrets() {
    let answer = r#"[{"statusCode":424},{"statusCode":429,"substatusCode":3200,"retryAfterMilliseconds":7,
        "resourceBody":{"code":"TooMany","message":"secret rate"}}]"#;
    let error = conclude_with(&[read("a"), create("b")], answer).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(429), Some(3200)));
    assert_eq!(error.retry_after_ms, Some(7));
    assert!(error.retryable);
    assert!(error.message.contains("*** rate"), "{}", error.message);
}

#[test]
fn an_answer_without_a_reason_blames_the_first() {
    let answer = r#"[{"statusCode":424},{"statusCode":424}]"#;
    let error = conclude_with(&[read("a"), create("b")], answer).unwrap_err();
    assert_eq!((error.status, error.kind), (Some(424), ErrorKind::Service));
    assert_eq!(error.outcome, Outcome::NotApplied);
}

#[test]
fn an_answer_that_makes_no_sense_leaves_the_outcome_unknown() {
    for answer in ["", "{}", "[]", r#"[{"statusCode":201}]"#, "[{},{}]"] {
        let error = conclude_with(&[create("a"), read("b")], answer).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service, "{answer}");
        assert_eq!(error.outcome, Outcome::Unknown, "{answer}");
        assert!(error.message.contains("list of 2 results"));
        assert_eq!(error.failed_operation, None);
        let error = conclude_with(&[read("a"), read("b")], answer).unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied, "{answer}");
    }
}
