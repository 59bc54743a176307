//! What the driver fetches, and when.

use cosmosdb_driver_host::types::MetadataMode;
use host_tests::emulator::Emulator;

use crate::account::{Account, lean};
use crate::build::{at, create_database, text};
use crate::face::Face;

on_every_face!(
    eager_reads_account_and_container_once,
    lean_sends_one_request,
    reads_and_writes_go_to_the_accounts_regions,
    writes_to_many_regions_say_that_they_know,
);

fn lines(account: &Account) -> Vec<String> {
    let seen = account.emulator.take_requests();
    seen.iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

async fn eager_reads_account_and_container_once(face: Face) {
    let mut account = Account::new(face).await;
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    account.driver = account
        .another(face, |config| config.metadata(MetadataMode::Eager))
        .await;
    account.emulator.take_requests();
    let (container, item) = (
        "GET /dbs/shop/colls/items",
        "GET /dbs/shop/colls/items/docs/1",
    );
    let cold = account.ok(at(text("a")).read("1")).await;
    assert_eq!(lines(&account), ["GET /", container, item]);
    assert_eq!(cold.diagnostics.request_count, 3);
    let warm = account.ok(at(text("a")).read("1")).await;
    assert_eq!(lines(&account), [item]);
    assert_eq!(warm.diagnostics.request_count, 1);
}

async fn lean_sends_one_request(face: Face) {
    let mut account = Account::new(face).await;
    account.driver = account.another(face, lean).await;
    account.emulator.take_requests();
    let created = account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    assert_eq!(lines(&account), ["POST /dbs/shop/colls/items/docs"]);
    assert_eq!(created.diagnostics.attempts[0].region, None);
    let read = account.ok(at(text("a")).read("1")).await;
    assert_eq!(lines(&account), ["GET /dbs/shop/colls/items/docs/1"]);
    assert_eq!(read.diagnostics.request_count, 1);
}

async fn reads_and_writes_go_to_the_accounts_regions(face: Face) {
    let builder = Emulator::builder()
        .region("West US 2")
        .region("North Europe");
    let mut account = Account::bare(face, builder.start_blocking().unwrap(), |config| config).await;
    let created = account.ok(create_database("d")).await;
    let attempt = created.diagnostics.attempts.last().unwrap();
    assert_eq!(attempt.region.as_deref(), Some("westus2"));
    assert_eq!(account.last().region, "West US 2");
}

async fn writes_to_many_regions_say_that_they_know(face: Face) {
    for multi_write in [false, true] {
        let builder = Emulator::builder().region("East US").region("West US");
        let emulator = builder.multi_write(multi_write).start_blocking().unwrap();
        let account = Account::bare(face, emulator, |config| config).await;
        let mut account = account.prepare(&["/pk"], 2).await;
        account
            .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
            .await;
        let header = "x-ms-cosmos-allow-tentative-writes";
        assert_eq!(account.last().header(header), multi_write.then_some("true"));
        account.ok(at(text("a")).read("1")).await;
        assert_eq!(account.last().header(header), None);
    }
}
