use super::*;

/// A throttled read in one region, then a connection that broke, then success in another region.
fn story() -> Diagnostics {
    let recorder = recorder();
    let first = recorder.depart(&Departure {
        session_token_bytes: 12,
        ..departure()
    });
    recorder.land(first, 88_700_000, |attempt| {
        (attempt.status, attempt.sub_status) = (Some(429), Some(3200));
        attempt.activity_id = Some("6f0c".to_owned());
        attempt.server_duration_ms = Some(0.25);
        attempt.extras().fault_evaluations.push(FaultEvaluation {
            rule: "r\"1".to_owned(),
            outcome: "applied",
        });
    });
    recorder.keep_session_token(first, "0:1#2".to_owned());
    let second = recorder.depart(&Departure {
        context: ExecutionContext::OperationRetry,
        ..departure()
    });
    recorder.land(second, 100 * MILLI, |attempt| {
        attempt.error = Some("connection-terminated".to_owned());
    });
    let third = recorder.depart(&Departure {
        fallback: Some("endpoint unavailable"),
        ..west()
    });
    recorder.land(third, 131 * MILLI, |attempt| {
        attempt.status = Some(200);
        attempt.request_charge = 2.0;
        attempt.extras().head_ms = Some(30.0);
    });
    *recorder.finish(Some((200, None)))
}

/// The text without the line breaks and indentation of this file.
fn golden(text: &str) -> String {
    text.lines().map(str::trim_start).collect()
}

fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn detailed() {
    let expected = golden(
        r#"{"activity_id":"6f0c","status":"200","total_duration_ms":131,"total_request_charge":2.0,"request_count":3,
        "requests":[
        {"execution_context":"initial","operation_name":"read_item","pipeline_type":"data_plane",
        "transport_security":"secure","transport_kind":"gateway","transport_http_version":"unknown",
        "region":"eastus","endpoint":"https://a-eastus.example.com:443/","status":"429/3200 (RUBudgetExceeded)",
        "request_charge":0.0,"activity_id":"6f0c","session_token":"0:1#2","server_duration_ms":0.25,"duration_ms":88,
        "events":[{"event_type":"transport_start","duration_ms":null,"details":null},
        {"event_type":"response_headers_received","duration_ms":null,"details":null},
        {"event_type":"transport_complete","duration_ms":88,"details":null}],
        "timed_out":false,"request_sent":"sent","error":null,
        "fault_injection_evaluations":[{"rule":"r\"1","outcome":"applied"}]},
        {"execution_context":"operation_retry","operation_name":"read_item","pipeline_type":"data_plane",
        "transport_security":"secure","transport_kind":"gateway","transport_http_version":"unknown",
        "region":"eastus","endpoint":"https://a-eastus.example.com:443/","status":null,
        "request_charge":0.0,"activity_id":null,"session_token":null,"server_duration_ms":null,"duration_ms":11,
        "events":[{"event_type":"transport_start","duration_ms":null,"details":null},
        {"event_type":"transport_failed","duration_ms":11,"details":"connection-terminated"}],
        "timed_out":false,"request_sent":"unknown","error":"connection-terminated"},
        {"execution_context":"region_failover","operation_name":"read_item","pipeline_type":"data_plane",
        "transport_security":"secure","transport_kind":"gateway","transport_http_version":"unknown",
        "region":"westus","endpoint":"https://a-westus.example.com:443/","status":"200",
        "request_charge":2.0,"activity_id":null,"session_token":null,"server_duration_ms":null,"duration_ms":31,
        "events":[{"event_type":"routing_fallback","duration_ms":null,"details":"endpoint unavailable"},
        {"event_type":"transport_start","duration_ms":null,"details":null},
        {"event_type":"response_headers_received","duration_ms":30,"details":null},
        {"event_type":"transport_complete","duration_ms":31,"details":null}],
        "timed_out":false,"request_sent":"sent","error":null}
        ]}"#,
    );
    let text = story().json(Verbosity::Detailed, 0);
    assert_eq!(text, expected.replace("r\"1", "r\\\"1"));
    parsed(&text);
}

#[test]
fn summary() {
    let expected = golden(
        r#"{"activity_id":"6f0c","status":"200","total_duration_ms":131,"total_request_charge":2.0,"request_count":3,
        "regions":[
        {"region":"eastus","request_count":2,"total_request_charge":0.0,
        "first":{"execution_context":"initial","endpoint":"https://a-eastus.example.com:443/",
        "status":"429/3200 (RUBudgetExceeded)","request_charge":0.0,"duration_ms":88,"timed_out":false},
        "last":{"execution_context":"operation_retry","endpoint":"https://a-eastus.example.com:443/",
        "status":null,"request_charge":0.0,"duration_ms":11,"timed_out":false},
        "deduplicated_groups":[]},
        {"region":"westus","request_count":1,"total_request_charge":2.0,
        "first":{"execution_context":"region_failover","endpoint":"https://a-westus.example.com:443/",
        "status":"200","request_charge":2.0,"duration_ms":31,"timed_out":false},
        "last":null,"deduplicated_groups":[]}
        ]}"#,
    );
    assert_eq!(story().json(Verbosity::Summary, 8192), expected);
}

#[test]
fn compacted() {
    let recorder = recorder();
    for n in 1..=66 {
        answered(&recorder, &departure(), n * 2, 449);
    }
    let record = recorder.finish(Some((404, Some(1))));
    let with = |status| {
        let record = Diagnostics {
            status: Some(status),
            ..record.as_ref().clone()
        };
        parsed(&record.json(Verbosity::Summary, 8192))["status"].to_string()
    };
    assert_eq!(with((404, Some(0))), "\"404\"");
    assert_eq!(with((404, None)), "\"404\"");
    let head = golden(
        r#"{"activity_id":"6f0c","status":"404/1","total_duration_ms":132,"total_request_charge":66.0,"request_count":66,
        "compaction":{"original_request_count":66,"retained_request_count":2,"collapsed_runs":1,"total_runs":1,
        "runs":[{"operation_name":"read_item","region":"eastus","endpoint":"https://a-eastus.example.com:443/","status":"449",
        "execution_context":"initial","count":64,"total_request_charge":64.0,"min_duration_ms":2,"max_duration_ms":2,
        "p50_duration_ms":2}]},"#,
    );
    let regions = golden(
        r#""regions":[{"region":"eastus","request_count":66,"total_request_charge":66.0,
        "first":{"execution_context":"initial","endpoint":"https://a-eastus.example.com:443/",
        "status":"449","request_charge":1.0,"duration_ms":2,"timed_out":false},
        "last":{"execution_context":"initial","endpoint":"https://a-eastus.example.com:443/",
        "status":"449","request_charge":1.0,"duration_ms":2,"timed_out":false},
        "deduplicated_groups":[{"endpoint":"https://a-eastus.example.com:443/","status":"449",
        "execution_context":"initial","count":64,"total_request_charge":64.0,"min_duration_ms":2,
        "max_duration_ms":2,"p50_duration_ms":2}]}]}"#,
    );
    assert_eq!(
        record.json(Verbosity::Summary, 8192),
        head.clone() + &regions
    );
    let detailed = record.json(Verbosity::Detailed, 8192);
    assert!(detailed.starts_with(&(head + "\"requests\":[{")));
    assert_eq!(parsed(&detailed)["requests"].as_array().unwrap().len(), 2);
}

#[test]
fn a_summary_over_its_size_is_replaced_by_the_totals() {
    let recorder = recorder();
    for n in 0..200 {
        answered(&recorder, &departure(), 1, 300 + n);
    }
    let record = recorder.finish(Some((503, None)));
    let retained = record.attempts.len();
    let full = record.json(Verbosity::Summary, usize::MAX);
    assert!(full.len() > 8192);
    assert_eq!(record.json(Verbosity::Summary, full.len()), full);
    let expected = golden(&format!(
        r#"{{"activity_id":"6f0c","status":"503","total_duration_ms":1,"request_count":200,"truncated":true,
        "compaction":{{"original_request_count":200,"retained_request_count":{retained},
        "collapsed_runs":{left},"total_runs":200,"retained_truncated":true,
        "omitted_runs":{omitted},"omitted_request_count":{omitted}}},
        "message":"the summary is larger than 8192 bytes: ask for the detailed form, or raise max_summary_size_bytes"}}"#,
        left = 200 - retained,
        omitted = 200 - retained - 32,
    ));
    assert_eq!(record.json(Verbosity::Summary, 8192), expected);
    // The bound is no less than 4096, and for summaries only.
    assert!(parsed(&full[..]).get("truncated").is_none());
    assert_eq!(
        story().json(Verbosity::Summary, 0),
        story().json(Verbosity::Summary, 8192)
    );
    assert!(record.json(Verbosity::Detailed, 0).len() > 8192);
}

#[test]
fn an_operation_that_sent_nothing() {
    let record = recorder().finish(None);
    let totals = r#"{"activity_id":"6f0c","status":null,"total_duration_ms":0,"total_request_charge":0.0,"request_count":0,"#;
    for (verbosity, rest) in [
        (Verbosity::Detailed, "\"requests\":[]}"),
        (Verbosity::Summary, "\"regions\":[]}"),
    ] {
        assert_eq!(record.json(verbosity, 8192), format!("{totals}{rest}"));
    }
}

#[test]
fn texts_are_escaped_and_odd_numbers_are_null() {
    let recorder = recorder();
    let id = recorder.depart(&Departure {
        region: Some("[{"),
        endpoint: "http://localhost:8081/",
        pipeline: Pipeline::Metadata,
        ..departure()
    });
    recorder.land(id, MILLI, |attempt| {
        attempt.timed_out = true;
        attempt.error = Some("a\"b\\c\n\u{1}é".to_owned());
        attempt.server_duration_ms = Some(f64::NAN);
    });
    let record = recorder.finish(Some((408, Some(20008))));
    let json = parsed(&record.json(Verbosity::Detailed, 8192));
    assert_eq!(json["status"], "408/20008 (ClientOperationTimeout)");
    let request = &json["requests"][0];
    assert_eq!(request["error"], "a\"b\\c\n\u{1}é");
    assert_eq!(request["region"], "[{");
    assert_eq!(request["status"], "408/20008 (ClientOperationTimeout)");
    assert_eq!(request["timed_out"], true);
    assert_eq!(request["pipeline_type"], "metadata");
    assert_eq!(
        request["transport_security"],
        "emulator_with_insecure_certificates"
    );
    assert!(request["server_duration_ms"].is_null());
}
