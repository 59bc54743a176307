//! Every way to be let in.

use std::sync::Arc;

use cosmosdb_driver_host::types::{ErrorKind, MetadataMode, Operation};
use cosmosdb_driver_host::{Config, Credential, MasterKeySigner, Options};
use host_tests::emulator::Emulator;

use crate::account::{Account, options, origins};
use crate::build::{at, create_database, text};
use crate::face::{Driver, Face};

on_every_face!(
    an_account_key_signs,
    a_wrong_key_is_unauthorized,
    a_connection_string_is_enough,
    a_resource_token_is_passed_on,
    a_bearer_token_can_be_replaced,
    a_bearer_token_that_is_too_long_is_refused,
    a_bearer_token_of_the_largest_size_is_sent,
    the_host_signs,
    malformed_credentials_are_refused,
    a_closed_driver_says_so,
);

const READ: fn() -> Operation = || at(text("a")).read("1");

async fn with_item(face: Face) -> Account {
    let mut account = Account::new(face).await;
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    account.emulator.take_requests();
    account
}

async fn open(face: Face, account: &Account, credential: Credential) -> Driver {
    let config = Config::new(account.emulator.endpoint(), credential);
    face.open(options(&account.emulator), &config)
        .await
        .unwrap()
}

async fn an_account_key_signs(face: Face) {
    let mut account = with_item(face).await;
    account.ok(READ()).await;
    let seen = account.last();
    assert!(
        seen.header("authorization")
            .unwrap()
            .starts_with("type%3Dmaster%26ver%3D1.0%26sig%3D")
    );
    assert!(seen.header("x-ms-date").unwrap().ends_with(" GMT"));
}

async fn a_wrong_key_is_unauthorized(face: Face) {
    let account = with_item(face).await;
    let mut driver = open(face, &account, Credential::account_key("d3Jvbmc=")).await;
    let error = driver.execute(READ()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (Some(ErrorKind::Unauthorized), Some(401))
    );
    assert!(!error.is_retryable());
    assert_eq!(account.emulator.requests().len(), 1, "one try is enough");
}

async fn a_connection_string_is_enough(face: Face) {
    let account = with_item(face).await;
    let (endpoint, key) = (account.emulator.endpoint(), account.emulator.key());
    let text = format!("AccountKey={key};AccountEndpoint={endpoint};");
    let config = Config::from_connection_string(text);
    let mut driver = face
        .open(options(&account.emulator), &config)
        .await
        .unwrap();
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
}

async fn a_resource_token_is_passed_on(face: Face) {
    let account = with_item(face).await;
    let token = "type=resource&ver=1&sig=abc+/=;def;";
    account.emulator.accept_resource_token(token);
    let mut driver = open(face, &account, Credential::resource_token(token)).await;
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
    let seen = account.last();
    let expected = "type%3Dresource%26ver%3D1%26sig%3Dabc%2B%2F%3D%3Bdef%3B";
    assert_eq!(seen.header("authorization"), Some(expected));
    let error = driver.set_bearer_token("other").await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
}

async fn a_bearer_token_can_be_replaced(face: Face) {
    let account = with_item(face).await;
    account.emulator.accept_bearer_token("eyJ.second");
    let mut driver = open(face, &account, Credential::bearer_token("eyJ.first")).await;
    let error = driver.execute(READ()).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Unauthorized));
    for malformed in ["", "two words", "line\r\nbreak", "Bearer eyJ", "é"] {
        let error = driver.set_bearer_token(malformed).await.unwrap_err();
        assert_eq!(
            error.kind(),
            Some(ErrorKind::InvalidArgument),
            "{malformed:?}"
        );
    }
    driver.set_bearer_token("eyJ.second").await.unwrap();
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
    let expected = "type%3Daad%26ver%3D1.0%26sig%3DeyJ.second";
    assert_eq!(account.last().header("authorization"), Some(expected));
}

async fn a_bearer_token_that_is_too_long_is_refused(face: Face) {
    let account = with_item(face).await;
    account.emulator.accept_bearer_token("eyJ.first");
    let mut driver = open(face, &account, Credential::bearer_token("eyJ.first")).await;
    for bytes in [(32 << 10) + 1, 200 << 10] {
        let long = "x".repeat(bytes);
        let config = Config::new(account.emulator.endpoint(), Credential::bearer_token(&long));
        let opened = face.open(options(&account.emulator), &config).await;
        let error = opened.err().expect("an error");
        assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
        assert!(!error.to_string().contains("xxx"), "{error}");
        let error = driver.set_bearer_token(&long).await.unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
        assert!(!error.to_string().contains("xxx"), "{error}");
    }
    assert!(account.emulator.requests().is_empty(), "nothing was sent");
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
    let expected = "type%3Daad%26ver%3D1.0%26sig%3DeyJ.first";
    assert_eq!(account.last().header("authorization"), Some(expected));
}

async fn a_bearer_token_of_the_largest_size_is_sent(face: Face) {
    let account = with_item(face).await;
    let [opened, replaced] = ["x", "y"].map(|text| text.repeat(32 << 10));
    let mut driver = open(face, &account, Credential::bearer_token(&opened)).await;
    is_sent(&account, &mut driver, &opened).await;
    driver.set_bearer_token(&replaced).await.unwrap();
    is_sent(&account, &mut driver, &replaced).await;
}

async fn is_sent(account: &Account, driver: &mut Driver, token: &str) {
    account.emulator.accept_bearer_token(token);
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
    let expected = format!("type%3Daad%26ver%3D1.0%26sig%3D{token}");
    let seen = account.last();
    // Without showing 32 KiB.
    assert!(seen.header("authorization") == Some(expected.as_str()));
}

async fn the_host_signs(face: Face) {
    let account = with_item(face).await;
    let config = Config::new(account.emulator.endpoint(), Credential::host());
    let mut unsigned = face
        .open(options(&account.emulator), &config)
        .await
        .unwrap();
    let error = unsigned.execute(READ()).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Unauthorized));
    assert_eq!(account.last().header("authorization"), None);
    assert_eq!(account.last().header("x-ms-date"), None);

    let signer = MasterKeySigner::new(account.emulator.key()).unwrap();
    let signing = Options {
        signer: Some(Arc::new(signer)),
        ..options(&account.emulator)
    };
    let mut signed = face.open(signing, &config).await.unwrap();
    assert_eq!(signed.execute(READ()).await.unwrap().status, 200);
    let odd = r#"{"id":"a b%é","pk":"a"}"#;
    assert_eq!(
        signed
            .execute(at(text("a")).create(odd))
            .await
            .unwrap()
            .status,
        201
    );
    assert_eq!(
        signed
            .execute(at(text("a")).read("a b%é"))
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(
        signed
            .execute(create_database("signed by the host"))
            .await
            .unwrap()
            .status,
        201
    );
}

async fn malformed_credentials_are_refused(face: Face) {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let endpoint = emulator.endpoint();
    let key = |text: &str| Config::new(endpoint.clone(), Credential::account_key(text));
    let at = |endpoint: &str| Config::new(endpoint, Credential::account_key("a2V5"));
    let configs = [
        key(""),
        key("not base64!"),
        Config::new(endpoint.clone(), Credential::resource_token("type=master")),
        Config::new(endpoint.clone(), Credential::bearer_token("")),
        Config::from_connection_string(""),
        Config::from_connection_string("AccountEndpoint=https://a/;"),
        Config::from_connection_string("AccountKey=a2V5;"),
        Config::from_connection_string("nonsense"),
        at(""),
        at("not a url"),
        at("ftp://a/"),
        at("http://not-local.example.com/"),
        at("https://user@a/"),
        at("https://a/path?query"),
        at("https://a:99999/"),
    ];
    for config in configs {
        let options = Options {
            allow: origins(&emulator),
            ..Options::default()
        };
        match face.open(options, &config).await {
            Ok(_) => panic!("{config:?} was accepted"),
            Err(error) => {
                assert_eq!(
                    error.kind(),
                    Some(ErrorKind::InvalidArgument),
                    "{config:?}: {error}"
                );
                assert!(!error.to_string().contains("a2V5"), "{error}");
            }
        }
    }
    assert!(emulator.requests().is_empty(), "opening sends nothing");
}

async fn a_closed_driver_says_so(face: Face) {
    let account = with_item(face).await;
    let mut driver = account
        .another(face, |c| c.metadata(MetadataMode::Lean))
        .await;
    assert_eq!(driver.execute(READ()).await.unwrap().status, 200);
    driver.close().await.unwrap();
    driver.close().await.unwrap();
    let before = account.emulator.requests().len();
    assert_eq!(
        driver.execute(READ()).await.unwrap_err().kind(),
        Some(ErrorKind::Closed)
    );
    assert_eq!(
        driver.set_bearer_token("x").await.unwrap_err().kind(),
        Some(ErrorKind::Closed)
    );
    assert_eq!(account.emulator.requests().len(), before);
}
