use super::*;

type Status = (u16, u32);

/// Name, time and details of an event.
type Step = (&'static str, Option<f64>, Option<&'static str>);

#[test]
fn time_is_in_milliseconds_and_never_negative() {
    assert_eq!(elapsed_ms(1_000_000, 2_500_000), 1.5);
    assert_eq!(elapsed_ms(5, 4), 0.0);
    let recorder = recorder();
    recorder.restart(MILLI);
    answered(&recorder, &departure(), 4, 200);
    recorder.resume(5 * MILLI);
    let id = recorder.depart(&departure());
    recorder.land(id, 6_500_000, |_| {});
    let record = recorder.finish(Some((200, None)));
    assert_eq!(record.duration_ms, 5.5);
    let durations: Vec<_> = record.attempts.iter().map(|a| a.duration_ms).collect();
    assert_eq!(durations, [3.0, 1.5]);
    assert_eq!(record.status, Some((200, None)));
    assert!(record.attempts.iter().map(|a| a.number).eq(0..2));
}

#[test]
fn an_operation_without_requests_has_a_record() {
    let record = recorder().finish(None);
    assert_eq!(record.activity_id, "6f0c");
    assert_eq!((record.request_count, record.omitted_attempts()), (0, 0));
    assert!(record.attempts.is_empty() && record.compaction.is_none());
    assert!(record.regions_contacted().is_empty() && record.summary().is_empty());
}

#[test]
fn what_is_under_way_at_the_end_was_abandoned() {
    let recorder = recorder();
    let first = recorder.depart(&departure());
    recorder.depart(&west());
    let elsewhere = recorder.clone();
    let (record, _) = recorder.abandon(2 * MILLI);
    for attempt in &record.attempts {
        assert_eq!(attempt.request_sent, RequestSent::Unknown);
        assert_eq!(attempt.error.as_deref(), Some("abandoned"));
        assert_eq!(attempt.duration_ms, 2.0);
    }
    assert_eq!(record.duration_ms, 2.0);
    elsewhere.land(first, 1, |_| panic!("it is on record already"));
    assert_eq!(elsewhere.activity_id(), "6f0c");
}

#[test]
fn the_loser_of_a_hedge_is_cancelled_and_both_are_charged() {
    let recorder = recorder();
    let primary = recorder.depart(&departure());
    let hedge = Departure {
        context: ExecutionContext::Hedging,
        at: Some(1_000 * MILLI),
        ..west()
    };
    let alternate = recorder.depart(&hedge);
    recorder.land(alternate, 1_020 * MILLI, |attempt| {
        attempt.status = Some(200);
        attempt.request_charge = 1.0;
    });
    recorder.cancel(primary, 1_021 * MILLI);
    recorder.cancel(alternate, 1_022 * MILLI);
    recorder.land(primary, 1_023 * MILLI, |_| panic!("it has ended"));
    let details = Hedge {
        ending: "alternate_won",
        threshold_ms: 1_000.0,
        primary: Some("eastus".to_owned()),
        alternate: Some("westus".to_owned()),
    };
    recorder.hedged(details.clone());
    let record = recorder.finish(Some((200, None)));
    let [loser, winner] = &record.attempts[..] else {
        panic!("two attempts")
    };
    assert_eq!((loser.status, loser.duration_ms), (None, 1_021.0));
    assert_eq!(loser.error.as_deref(), Some("cancelled"));
    assert_eq!(loser.request_sent, RequestSent::Unknown);
    assert_eq!((winner.status, winner.duration_ms), (Some(200), 20.0));
    assert_eq!(winner.error, None);
    assert_eq!((record.request_charge, record.request_count), (1.0, 2));
    assert_eq!(record.hedge.as_deref(), Some(&details));
    assert_eq!(record.regions_contacted(), ["eastus", "westus"]);
}

#[test]
fn a_loser_that_answers_before_it_is_dropped_is_charged_too() {
    let recorder = recorder();
    let first = recorder.depart(&departure());
    let second = recorder.depart(&west());
    for (id, charge) in [(second, 2.5), (first, 1.0)] {
        recorder.land(id, MILLI, |attempt| attempt.request_charge = charge);
    }
    assert_eq!(recorder.finish(None).request_charge, 3.5);
}

#[test]
fn what_is_under_way_at_the_finish_is_cancelled() {
    let recorder = recorder();
    recorder.depart(&departure());
    answered(&recorder, &west(), 3, 200);
    let record = recorder.finish(Some((200, None)));
    assert_eq!(record.attempts[0].error.as_deref(), Some("cancelled"));
    assert_eq!(record.duration_ms, 3.0);
}

#[test]
fn whether_it_was_sent_follows_from_the_answer() {
    let cases: [(Fill, RequestSent, Option<Status>); 5] = [
        (|_| {}, RequestSent::Unknown, None),
        (
            |a| (a.status, a.sub_status) = (Some(404), Some(1002)),
            RequestSent::Sent,
            Some((404, 1002)),
        ),
        (
            |a| a.timed_out = true,
            RequestSent::Unknown,
            Some((408, 20008)),
        ),
        (
            |a| a.request_sent = RequestSent::NotSent,
            RequestSent::NotSent,
            None,
        ),
        (
            |a| a.request_sent = RequestSent::Sent,
            RequestSent::Sent,
            None,
        ),
    ];
    for (case, (fill, sent, status)) in cases.into_iter().enumerate() {
        let recorder = recorder();
        let id = recorder.depart(&departure());
        recorder.land(id, 1, fill);
        let record = recorder.finish(None);
        let attempt = &record.attempts[0];
        assert_eq!(attempt.request_sent, sent, "case {case}");
        assert_eq!(
            attempt.status.zip(attempt.sub_status),
            status,
            "case {case}"
        );
    }
}

#[test]
fn a_repeated_write_is_flagged_if_the_first_may_have_worked() {
    let cases: [(Fill, bool); 12] = [
        (|a| a.status = Some(408), true),
        (|a| a.status = Some(500), true),
        (|a| a.status = Some(502), true),
        (|a| a.timed_out = true, true),
        (|a| a.error = Some("connection-terminated".to_owned()), true),
        (|_| {}, true),
        (|a| a.request_sent = RequestSent::NotSent, false),
        (|a| a.status = Some(503), false),
        (|a| a.status = Some(410), false),
        (|a| a.status = Some(429), false),
        (|a| a.status = Some(449), false),
        (|a| a.status = Some(403), false),
    ];
    for (case, (fill, expected)) in cases.into_iter().enumerate() {
        for (read, again) in [(false, true), (false, false), (true, true)] {
            let recorder = recorder();
            let departure = Departure { read, ..write() };
            let id = recorder.depart(&departure);
            recorder.land(id, 1, fill);
            if again {
                answered(&recorder, &departure, 2, 409);
            }
            let flag = recorder.finish(None).attempted_more_than_once;
            let expected = expected && !read && again;
            assert_eq!(flag, expected, "case {case}, read {read}, again {again}");
        }
    }
}

#[test]
fn a_read_after_an_unsure_write_repeats_nothing() {
    let recorder = recorder();
    answered(&recorder, &write(), 1, 500);
    answered(&recorder, &departure(), 2, 200);
    assert!(!recorder.finish(None).attempted_more_than_once);
}

#[test]
fn texts_from_outside_are_cut() {
    let recorder = recorder();
    let id = recorder.depart(&departure());
    recorder.land(id, 1, |attempt| {
        attempt.activity_id = Some("a".repeat(100));
        attempt.error = Some("é".repeat(400));
        attempt.extras().session_token = Some("1".repeat(300));
    });
    let second = recorder.depart(&departure());
    recorder.land(second, 2, |attempt| {
        attempt.extras().session_token = Some(format!("{}é", "2".repeat(255)));
    });
    let record = recorder.finish(None);
    let length = |text: Option<&str>| text.unwrap().len();
    let [first, second] = &record.attempts[..] else {
        panic!("two attempts")
    };
    assert_eq!(length(first.activity_id.as_deref()), 64);
    assert_eq!(length(first.error.as_deref()), 512);
    assert_eq!(length(first.session_token()), 256);
    assert_eq!(length(second.session_token()), 255);
}

#[test]
fn events_follow_from_the_attempt() {
    let cases: [(Fill, &[Step]); 5] = [
        (|_| {}, &[("transport_start", None, None)]),
        (
            |a| a.status = Some(200),
            &[
                ("transport_start", None, None),
                ("response_headers_received", None, None),
                ("transport_complete", Some(2.0), None),
            ],
        ),
        (
            |a| {
                a.extras().fallback = Some("endpoint unavailable");
                a.extras().head_ms = Some(1.5);
                a.status = Some(200);
            },
            &[
                ("routing_fallback", None, Some("endpoint unavailable")),
                ("transport_start", None, None),
                ("response_headers_received", Some(1.5), None),
                ("transport_complete", Some(2.0), None),
            ],
        ),
        (
            |a| {
                a.extras().head_ms = Some(1.0);
                a.error = Some("broken".to_owned());
            },
            &[
                ("transport_start", None, None),
                ("response_headers_received", Some(1.0), None),
                ("transport_failed", Some(2.0), Some("broken")),
            ],
        ),
        (
            |a| a.timed_out = true,
            &[
                ("transport_start", None, None),
                ("transport_failed", Some(2.0), None),
            ],
        ),
    ];
    for (case, (fill, expected)) in cases.into_iter().enumerate() {
        let recorder = recorder();
        let id = recorder.depart(&departure());
        recorder.land(id, 2 * MILLI, fill);
        let record = recorder.finish(None);
        let events = record.attempts[0].events();
        let events: Vec<_> = events
            .iter()
            .map(|event| (event.kind.name(), event.at_ms, event.details))
            .collect();
        assert_eq!(events, expected, "case {case}");
    }
}
