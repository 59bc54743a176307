//! What the record of an operation says.

use super::*;
use crate::core::diagnostics::{ExecutionContext, Pipeline, Verbosity};

#[test]
fn attempts_say_why_they_were_made() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    world
        .metadata()
        .fail(RequestSent::NotSent, FailureCause::Connect)
        .answer(404, &[("x-ms-substatus", "1003")], "{}");
    let record = run(&driver, read(1)).unwrap_err().diagnostics.unwrap();
    let attempts: Vec<_> = record
        .attempts
        .iter()
        .map(|a| (a.pipeline, a.context, a.status))
        .collect();
    let (initial, again) = (ExecutionContext::Initial, ExecutionContext::TransportRetry);
    assert_eq!(
        attempts,
        [
            (Pipeline::Metadata, initial, Some(200)),
            (Pipeline::Metadata, initial, Some(200)),
            (Pipeline::DataPlane, initial, None),
            (Pipeline::DataPlane, again, Some(404)),
        ]
    );
    assert_eq!(record.status, Some((404, Some(1003))));
    assert_eq!(record.regions_contacted(), ["westus2"]);
}

#[test]
fn no_secret_gets_into_it() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    let create = || Operation::CreateItem {
        container: at(),
        key: vec![KeyComponent::Text("secret-key".to_owned())],
        body: b"{\"id\":\"secret-body\"}".to_vec(),
        conditions: Conditions::default(),
    };
    world
        .answer(201, &[], "{\"id\":\"secret-body\"}")
        .answer(409, &[], "{\"message\":\"secret-body\"}")
        .fail(RequestSent::Unknown, FailureCause::Broken);
    let created = run(&driver, create()).unwrap();
    let mut records = vec![created.diagnostics];
    for _ in 0..2 {
        let error = run(&driver, create()).unwrap_err();
        records.extend(error.diagnostics);
    }
    let signature = world.header("authorization").unwrap();
    assert_eq!(records.len(), 3);
    for record in records {
        let mut texts = format!("{record:?}");
        for verbosity in [Verbosity::Detailed, Verbosity::Summary] {
            texts.push_str(&record.json(verbosity, 8192));
        }
        for secret in ["c2VjcmV0", "secret", "sig%3D", &signature] {
            assert!(!texts.contains(secret), "{secret} in {texts}");
        }
    }
}
