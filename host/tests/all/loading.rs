//! Loading the components.

use std::fs;

use cosmosdb_driver_host::{Client, Config, Credential, Error, Face, Host, Options, blocking};

use super::{artefact, host};

#[test]
fn both_faces_are_loaded_and_compiled_once() {
    for face in [Face::Blocking, Face::Async] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("driver.wasm");
        fs::copy(artefact(face), &file).expect("run `cargo xtask build` first");
        assert_eq!(
            Host::from_file(&file, Options::default()).unwrap().face(),
            face
        );

        let compiled = || {
            let files = fs::read_dir(directory.path())
                .unwrap()
                .map(|file| file.unwrap());
            let mut compiled = files.filter(|file| file.path().extension().unwrap() == "cwasm");
            let file = compiled.next().unwrap();
            assert!(compiled.next().is_none());
            (file.path(), file.metadata().unwrap().modified().unwrap())
        };
        let before = compiled();
        assert_eq!(
            Host::from_file(&file, Options::default()).unwrap().face(),
            face
        );
        assert_eq!(compiled(), before);
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Host::from_file("no/such/driver.wasm", Options::default()).unwrap_err();
    assert!(matches!(error, Error::Load(_)));
    assert!(error.to_string().contains("no/such/driver.wasm"), "{error}");
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    let greedy = wat::parse_str(
        r#"(component
            (import "wasi:filesystem/preopens@0.2.0" (instance
                (export "get-directories" (func (result u32)))))
            (instance $i)
            (export "cosmosdb:driver/driver@0.1.0" (instance $i)))"#,
    );
    let error = Host::from_bytes(greedy.unwrap(), Options::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("wasi:filesystem/preopens"), "{error}");
}

#[test]
fn a_component_without_the_functions_is_refused() {
    let empty =
        r#"(component (instance $i) (export "cosmosdb:driver/driver@0.1.0" (instance $i)))"#;
    let error = Host::from_bytes(wat::parse_str(empty).unwrap(), Options::default()).unwrap_err();
    assert!(
        error.to_string().contains("cosmosdb:driver/driver"),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_needs_its_own_face() {
    let config = Config::new("https://a.documents.azure.com", Credential::host());
    let error = Client::open(&host(Face::Blocking, Options::default()), config.clone()).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("cosmosdb-driver-async.wasm")
    );

    let other = host(Face::Async, Options::default());
    let open = move || {
        blocking::Client::open(&other, config)
            .unwrap_err()
            .to_string()
    };
    let error = tokio::task::spawn_blocking(open).await.unwrap();
    // A thread of the pool counts as inside of the runtime.
    assert!(error.contains("async runtime"), "{error}");
}

#[test]
fn wrong_options_are_named() {
    let wasm = fs::read(artefact(Face::Blocking)).expect("run `cargo xtask build` first");
    for (options, named) in [
        (
            Options {
                ca_roots: vec![b"x".to_vec()],
                ..Options::default()
            },
            "ca_roots[0]",
        ),
        (
            Options {
                allow: vec!["ftp://x".to_owned()],
                ..Options::default()
            },
            "ftp://x",
        ),
    ] {
        let error = Host::from_bytes(&wasm, options).unwrap_err();
        assert!(
            matches!(error, Error::Options(_)) && error.to_string().contains(named),
            "{error}"
        );
    }
}
