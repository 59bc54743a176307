//! Operations that are repeated by themselves, and those that must not be.

use cosmosdb_driver_host::types::{ErrorKind, OperationOptions, Outcome};
use host_tests::gateway::Effect;
use host_tests::scripted::Step;

use super::{Scene, create, delete, failed, increment, is_bulk, read, replace, statuses, upsert};
use crate::face::Face;

on_every_face!(
    what_is_throttled_is_repeated_alone,
    a_batch_refused_as_a_whole_is_sent_again,
    repetitions_end,
    a_split_and_a_merge_are_followed,
    an_answer_that_would_be_too_large_is_asked_for_in_parts,
    a_container_created_anew_is_looked_up,
    an_increment_is_not_sent_twice,
    a_repeated_create_may_meet_its_own_success,
    an_answer_that_makes_no_sense,
);

fn numbers(scene: &Scene) -> Vec<Vec<usize>> {
    let batches = scene.batches().into_iter();
    batches.map(|(_, numbers)| numbers).collect()
}

async fn what_is_throttled_is_repeated_alone(face: Face) {
    for (status, sub_status) in [(429, 3200), (449, 0), (503, 0), (500, 0)] {
        let mut scene = Scene::warm(face, 1).await;
        scene.fill(0..3);
        scene.fail(2, |number| number == 1, (status, sub_status), Some(1));
        let operations = vec![upsert(0), replace(1), upsert(2), create(0)];
        let done = scene.ok(operations).await;
        assert_eq!(statuses(&done), [200, 200, 200, 409], "{status}");
        assert_eq!(numbers(&scene), [vec![0, 1, 2, 0], vec![1], vec![1]]);
        // A conflict is no reason to doubt what the others did.
        let conflict = (ErrorKind::Conflict, Outcome::NotApplied);
        assert_eq!(failed(&done.results[3]), conflict);
    }
}

async fn a_batch_refused_as_a_whole_is_sent_again(face: Face) {
    for (status, sub_status) in [(429, 3200), (449, 0), (410, 1008), (503, 0)] {
        let mut scene = Scene::warm(face, 1).await;
        scene.fill(0..2);
        let refusal = Effect::refuse(status, sub_status).header("x-ms-retry-after-ms", "1");
        scene.on_bulk(1, refusal);
        // It was not carried out: even an increment may be repeated.
        let done = scene.ok(vec![increment(0), upsert(1)]).await;
        assert_eq!(statuses(&done), [200, 200], "{status}");
        assert_eq!(numbers(&scene), [vec![0, 1], vec![0, 1]], "{status}");
        assert_eq!(scene.n(0), 2);
    }
}

async fn repetitions_end(face: Face) {
    let mut scene = Scene::warm(face, 2).await;
    scene.fail(100, |number| number == 1, (429, 3200), Some(1));
    let options = OperationOptions {
        max_throttle_retries: Some(2),
        ..OperationOptions::default()
    };
    let operations = vec![upsert(0), upsert(1), upsert(2)];
    let done = scene.with_options(operations, options).await;
    assert_eq!(statuses(&done), [201, 429, 201]);
    let failure = done.results[1].failure().unwrap();
    assert_eq!(
        (failure.kind, failure.outcome, failure.retryable),
        (ErrorKind::Throttled, Outcome::NotApplied, true)
    );
    assert_eq!(
        (failure.sub_status, failure.retry_after_ms),
        (Some(3200), Some(1))
    );
    let sent = numbers(&scene).concat();
    assert_eq!(sent.iter().filter(|number| **number == 1).count(), 3);
    assert_eq!(scene.item(1), None);

    // Whoever sends batches has the failover; nobody multiplies it.
    scene.gateway.clear();
    scene.on_bulk(100, Effect::refuse(503, 0));
    let done = scene.ok(vec![upsert(3)]).await;
    assert_eq!(statuses(&done), [503]);
    assert_eq!(scene.batches().len(), 4);
}

async fn a_split_and_a_merge_are_followed(face: Face) {
    let mut scene = Scene::warm(face, 2).await;
    let [left, right] = scene.control().split("0");
    let done = scene.ok((0..200).map(create).collect()).await;
    assert_eq!(statuses(&done), [201; 200]);
    assert_eq!(scene.control().items().len(), 200);
    let ranges: Vec<String> = scene.batches().into_iter().map(|(id, _)| id).collect();
    let count = |range: &str| ranges.iter().filter(|id| *id == range).count();
    assert_eq!(
        [count("0"), count(&left), count(&right)],
        [1, 1, 1],
        "{ranges:?}"
    );
    let again = |scene: &Scene| {
        let lines = scene.gateway.lines();
        lines
            .iter()
            .filter(|line| line.ends_with("/pkranges"))
            .count()
    };
    // Only what changed: one request, and one that says that this was all.
    assert!(
        (1..=2).contains(&again(&scene)),
        "{:?}",
        scene.gateway.lines()
    );

    scene.gateway.clear();
    scene.control().merge(&left, &right);
    let done = scene.ok((0..200).map(delete).collect()).await;
    assert_eq!(statuses(&done), [204; 200]);
    assert_eq!(scene.control().items().len(), 0);
}

async fn an_answer_that_would_be_too_large_is_asked_for_in_parts(face: Face) {
    let mut scene = Scene::warm(face, 1).await;
    scene.fill(0..4);
    scene.fail(2, |number| number >= 2, (413, 3402), None);
    let done = scene.ok((0..4).map(read).collect()).await;
    assert_eq!(statuses(&done), [200; 4]);
    assert_eq!(numbers(&scene), [vec![0, 1, 2, 3], vec![2, 3]]);

    // A whole batch that is too large is cut as well, down to single operations.
    scene.gateway.clear();
    scene.on_bulk(2, Effect::refuse(413, 0));
    let done = scene.ok((0..4).map(upsert).collect()).await;
    assert_eq!(statuses(&done), [200; 4]);
    assert_eq!(numbers(&scene)[..2], [vec![0, 1, 2, 3], vec![0, 1]]);
}

async fn a_container_created_anew_is_looked_up(face: Face) {
    let mut scene = Scene::warm(face, 2).await;
    scene.ok((0..100).map(create).collect()).await;
    scene.gateway.clear();
    let rid = scene.control().recreate();
    let done = scene.ok((0..100).map(create).collect()).await;
    assert_eq!(statuses(&done), [201; 100]);
    assert_eq!(scene.control().items().len(), 100);
    let seen = scene.gateway.requests();
    let last = seen.iter().rfind(|seen| is_bulk(seen)).unwrap();
    let intended = last.header("x-ms-cosmos-intended-collection-rid");
    assert_eq!(intended, Some(rid.as_str()));
    assert_eq!(last.header("x-ms-session-token"), None);
}

async fn an_increment_is_not_sent_twice(face: Face) {
    for lost in [
        Effect::from(Step::close()),
        Effect::served_then(Step::close()),
    ] {
        let mut scene = Scene::warm(face, 1).await;
        scene.fill(0..3);
        scene.on_bulk(1, lost);
        let done = scene.ok(vec![increment(0), upsert(1), read(2)]).await;
        assert_eq!(statuses(&done), [0, 200, 200]);
        let unknown = (ErrorKind::Transport, Outcome::Unknown);
        assert_eq!(failed(&done.results[0]), unknown);
        // The others were not to blame.
        assert_eq!(numbers(&scene), [vec![0, 1, 2], vec![1, 2]]);
        assert!(scene.n(0) <= 2);
        assert_eq!(scene.n(1), 2);
    }
}

async fn a_repeated_create_may_meet_its_own_success(face: Face) {
    let mut scene = Scene::warm(face, 1).await;
    scene.fill([2]);
    scene.on_bulk(1, Effect::served_then(Step::close()));
    let done = scene.ok(vec![create(0), upsert(1), read(2)]).await;
    assert_eq!(statuses(&done), [409, 200, 200]);
    let failure = done.results[0].failure().unwrap();
    assert_eq!(failure.outcome, Outcome::Unknown);
    assert!(failure.message.contains("An earlier attempt of this call"));
    assert!(done.diagnostics.attempted_more_than_once);

    let options = OperationOptions {
        retry_ambiguous_writes: Some(false),
        ..OperationOptions::default()
    };
    scene.gateway.clear();
    scene.on_bulk(1, Effect::served_then(Step::close()));
    let done = scene.with_options(vec![create(3), read(2)], options).await;
    assert_eq!(statuses(&done), [0, 200]);
    let unknown = (ErrorKind::Transport, Outcome::Unknown);
    assert_eq!(failed(&done.results[0]), unknown);
    assert_eq!(numbers(&scene), [vec![3, 2], vec![2]]);
}

async fn an_answer_that_makes_no_sense(face: Face) {
    for answer in ["", "{}", "[]", r#"[{"statusCode":200}]"#] {
        let mut scene = Scene::warm(face, 1).await;
        scene.on_bulk(1, Step::respond(200, &[], answer));
        let done = scene.ok(vec![create(0), read(1)]).await;
        assert_eq!(statuses(&done), [0, 0], "{answer}");
        let (unknown, none) = (Outcome::Unknown, Outcome::NotApplied);
        let expected = [unknown, none].map(|outcome| (ErrorKind::Service, outcome));
        assert_eq!(
            [failed(&done.results[0]), failed(&done.results[1])],
            expected
        );
        assert_eq!(scene.batches().len(), 1);
    }
}
