//! What a rule does to a request.

use super::*;
use crate::core::exchange::HttpResponse;
use crate::wire::headers::HeaderList;

fn apply(result: FaultResult) -> Applied {
    let evaluation = faults(vec![FaultRule::new("a", result)]).evaluate(&READ, 0, 0);
    evaluation.applied.unwrap()
}

fn response(result: FaultResult) -> HttpResponse {
    match apply(result).effect {
        Effect::Respond(response) => response,
        other => panic!("{other:?}"),
    }
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

#[test]
fn a_rule_may_only_delay() {
    let applied = apply(FaultResult {
        delay: 3 * SECOND,
        ..FaultResult::default()
    });
    assert_eq!(applied.delay, 3 * SECOND);
    assert!(matches!(applied.effect, Effect::Forward));
}

#[test]
fn errors_with_a_status_look_like_answers() {
    let cases = [
        (FaultError::InternalServerError, 500, None),
        (FaultError::TooManyRequests, 429, None),
        (FaultError::RetryWith, 449, None),
        (FaultError::ReadSessionNotAvailable, 404, Some("1002")),
        (FaultError::Timeout, 408, None),
        (FaultError::ServiceUnavailable, 503, None),
        (FaultError::PartitionIsGone, 410, Some("1002")),
        (FaultError::WriteForbidden, 403, Some("3")),
        (FaultError::DatabaseAccountNotFound, 403, Some("1008")),
    ];
    for (error, status, sub_status) in cases {
        let response = response(failing(error));
        assert_eq!(response.status, status, "{error:?}");
        let sub_status = sub_status.map(|value| header("x-ms-substatus", value));
        assert_eq!(response.headers, HeaderList::from_iter(sub_status));
        let body = String::from_utf8(response.body).unwrap();
        assert!(body.contains("InjectedFault"), "{body}");
    }
}

#[test]
fn errors_without_a_status_are_transport_failures() {
    let cases = [
        (
            FaultError::ConnectionError,
            RequestSent::NotSent,
            FailureCause::Connect,
        ),
        (
            FaultError::ResponseTimeout,
            RequestSent::Unknown,
            FailureCause::Timeout,
        ),
    ];
    for (error, sent, cause) in cases {
        let Effect::Fail(failure) = apply(failing(error)).effect else {
            panic!("{error:?}");
        };
        assert_eq!((failure.sent, failure.cause), (sent, cause));
        assert!(failure.detail.starts_with("injected fault: "));
    }
}

#[test]
fn a_custom_response_wins_over_an_error() {
    for error in [
        FaultError::ConnectionError,
        FaultError::ResponseTimeoutAfterService,
    ] {
        let result = FaultResult {
            custom_response: Some(CustomResponse {
                status: 429,
                sub_status: 3200,
                headers: vec![
                    header("x-ms-retry-after-ms", "7"),
                    header("X-MS-SubStatus", "1"),
                ],
                body: b"{}".to_vec(),
            }),
            ..failing(error)
        };
        let response = response(result);
        assert_eq!(response.status, 429);
        assert_eq!(
            response.headers,
            [
                header("x-ms-retry-after-ms", "7"),
                header("x-ms-substatus", "3200")
            ]
        );
        assert_eq!(response.body, b"{}");
    }
}

#[test]
fn a_custom_response_without_sub_status_keeps_its_headers() {
    let response = response(FaultResult {
        custom_response: Some(CustomResponse {
            status: 200,
            sub_status: 0,
            headers: vec![header("x-ms-substatus", "1")],
            body: Vec::new(),
        }),
        ..FaultResult::default()
    });
    assert_eq!(response.headers, [header("x-ms-substatus", "1")]);
}
