//! What plugins are for.

use cosmosdb_driver_host::Budget;
use plugin_host::{Limits, Outcome};

use crate::scene::{ORDERS, Scene};

#[test]
fn a_plugin_reads_changes_and_queries() {
    let scene = Scene::new();
    let orders = scene.load(ORDERS, Limits::default());
    let report = scene.run(&orders, "ada 98");
    let Outcome::Done(answer) = &report.outcome else {
        panic!("{report:?}");
    };
    assert!(
        answer.starts_with("98 is paid; open: 1, 10, 11,"),
        "{answer}"
    );
    assert!(answer.ends_with(", 97, 99"), "{answer}");

    let seen = scene.clean_requests();
    let lines: Vec<_> = seen
        .iter()
        .map(|one| format!("{} {}", one.method, one.path))
        .collect();
    let order = "/dbs/shop/colls/orders/docs/98";
    let expected = [
        format!("GET {order}"),
        format!("PUT {order}"),
        "POST /dbs/shop/colls/orders/docs".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert!(seen[1].header("if-match").is_some());

    let usage = report.usage;
    assert_eq!((usage.requests, usage.refused), (3, 0));
    let sent: usize = seen.iter().map(|request| request.body.len()).sum();
    assert_eq!(usage.sent_bytes, sent as u64);
    assert!(usage.received_bytes > 0 && usage.fuel > 0 && usage.memory > 0);

    let again = scene.run(&orders, "ada 98").outcome;
    assert_eq!(again, Outcome::Failed("98 was paid before".to_owned()));
    let unknown = scene.run(&orders, "ada 100").outcome;
    assert!(
        matches!(&unknown, Outcome::Failed(text) if text.contains("NotFound")),
        "{unknown:?}"
    );
}

#[test]
fn runs_share_nothing_and_may_overlap() {
    let scene = Scene::new();
    // Three requests for each run: a budget that runs had together would end most of them.
    let limits = Limits {
        network: Budget {
            requests: 3,
            ..Limits::default().network
        },
        ..Limits::default()
    };
    let orders = scene.load(ORDERS, limits);
    let reports = scene.runtime.block_on(async {
        let runs: Vec<_> = (1..=8)
            .map(|id| {
                let orders = orders.clone();
                tokio::spawn(async move { orders.run(&format!("ada {id}")).await })
            })
            .collect();
        let mut reports = Vec::new();
        for run in runs {
            reports.push(run.await.unwrap());
        }
        reports
    });
    for report in reports {
        assert!(matches!(report.outcome, Outcome::Done(_)), "{report:?}");
        assert_eq!(report.usage.requests, 3);
    }
    assert_eq!(scene.clean_requests().len(), 24);
}
