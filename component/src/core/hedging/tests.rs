use super::*;
use crate::core::candidates::testing::targets;
use crate::core::clock::millis;
use crate::wire::endpoint::Endpoint;

const READ: Facts = Facts {
    class: RequestClass::ItemRead,
    settings: Settings {
        enabled_override: None,
        enabled: None,
        strategy: None,
    },
    account_disabled: false,
    regions: 2,
    first_attempt: true,
    pinned: false,
    timeout: None,
    metadata_hedges: 0,
    max_metadata_hedges: MAX_METADATA_HEDGES,
};

const RANGES: Facts = Facts {
    class: RequestClass::FirstRangesPage,
    ..READ
};

#[test]
fn only_first_attempts_of_reads_hedge_where_there_are_two_regions() {
    let class = |class| Facts { class, ..READ };
    for (facts, expected) in [
        (READ, true),
        (class(RequestClass::SinglePartitionQuery), true),
        (class(RequestClass::ContainerRead), true),
        (RANGES, true),
        (class(RequestClass::Other), false),
        (Facts { regions: 1, ..READ }, false),
        (Facts { regions: 0, ..READ }, false),
        (Facts { regions: 3, ..READ }, true),
        (
            Facts {
                first_attempt: false,
                ..READ
            },
            false,
        ),
        (
            Facts {
                pinned: true,
                ..READ
            },
            false,
        ),
        (
            Facts {
                account_disabled: true,
                ..READ
            },
            false,
        ),
    ] {
        assert_eq!(plan(&facts).is_some(), expected, "{facts:?}");
    }
}

#[test]
fn metadata_hedges_are_limited_and_data_hedges_are_not() {
    for (running, limit, expected) in [
        (0, 32, true),
        (31, 32, true),
        (32, 32, false),
        (33, 32, false),
        (0, 0, false),
        (0, 1, true),
        (1, 1, false),
    ] {
        let with = |facts| Facts {
            metadata_hedges: running,
            max_metadata_hedges: limit,
            ..facts
        };
        assert_eq!(
            plan(&with(RANGES)).is_some(),
            expected,
            "{running} of {limit}"
        );
        assert!(plan(&with(READ)).is_some());
    }
}

#[test]
fn the_override_beats_the_switch_and_the_switch_beats_the_strategy() {
    let disabled = Some(Strategy::Disabled);
    let hedging = Some(Strategy::Hedging(Some(millis(7))));
    for (enabled_override, enabled, strategy, threshold) in [
        (None, None, None, Some(1000)),
        (None, None, disabled, None),
        (None, None, hedging, Some(7)),
        (None, Some(true), disabled, Some(1000)),
        (None, Some(true), hedging, Some(7)),
        (None, Some(false), hedging, None),
        (None, Some(false), None, None),
        (Some(true), Some(false), disabled, Some(1000)),
        (Some(true), Some(false), hedging, Some(7)),
        (Some(false), Some(true), hedging, None),
    ] {
        let settings = Settings {
            enabled_override,
            enabled,
            strategy,
        };
        let planned = plan(&Facts { settings, ..READ }).map(|plan| plan.threshold);
        assert_eq!(planned, threshold.map(millis), "{settings:?}");
    }
}

#[test]
fn threshold_and_harvest_follow_the_timeout() {
    let own = Settings {
        strategy: Some(Strategy::Hedging(Some(millis(5000)))),
        ..Settings::default()
    };
    let default = Settings {
        strategy: Some(Strategy::Hedging(None)),
        ..Settings::default()
    };
    for (settings, timeout, threshold, metadata_threshold, harvest) in [
        (READ.settings, None, 1_000_000, 1_500_000, 50_000),
        (READ.settings, Some(10_000), 1_000_000, 1_500_000, 50_000),
        (READ.settings, Some(2000), 1_000_000, 1_500_000, 50_000),
        (READ.settings, Some(1999), 999_500, 1_500_000, 50_000),
        (READ.settings, Some(1000), 500_000, 1_500_000, 50_000),
        (READ.settings, Some(499), 249_500, 1_500_000, 49_900),
        (READ.settings, Some(9), 4_500, 1_500_000, 1_000),
        (own, Some(1000), 5_000_000, 1_500_000, 50_000),
        (default, Some(1000), 500_000, 1_500_000, 50_000),
    ] {
        let timed = |facts| Facts {
            settings,
            timeout: timeout.map(millis),
            ..facts
        };
        let micros = |nanos| nanos / 1000;
        let (data, metadata) = (plan(&timed(READ)).unwrap(), plan(&timed(RANGES)).unwrap());
        assert_eq!(micros(data.threshold), threshold, "{timeout:?}");
        assert_eq!(micros(metadata.threshold), metadata_threshold);
        assert_eq!(micros(data.harvest), harvest, "{timeout:?}");
        assert_eq!(data.harvest, metadata.harvest);
    }
}

#[test]
fn the_alternate_differs_in_region_and_host() {
    let list = targets(&["eastus", "westus", "northeurope"]);
    let alias = Rc::new(Target {
        region: Some("westus".to_owned()),
        endpoint: list[0].endpoint.clone(),
    });
    let second_host = Rc::new(Target {
        region: Some("eastus".to_owned()),
        endpoint: list[1].endpoint.clone(),
    });
    let unnamed = Rc::new(Target {
        region: None,
        endpoint: Endpoint::parse("https://a.example.com", None).unwrap(),
    });
    assert_eq!(alternate(&list, &list[0]), Some(list[1].clone()));
    assert_eq!(alternate(&list, &list[1]), Some(list[0].clone()));
    assert_eq!(alternate(&list, &unnamed), Some(list[0].clone()));
    assert_eq!(alternate(&list[..1], &list[0]), None);
    let passed_over = [unnamed, alias, second_host, list[2].clone()];
    assert_eq!(alternate(&passed_over, &list[0]), Some(list[2].clone()));
    assert_eq!(alternate(&passed_over[..3], &list[0]), None);
}

#[test]
fn regions_on_one_host_differ_by_port() {
    let local = |region: &str, port: u16| {
        let url = format!("http://127.0.0.1:{port}");
        Rc::new(Target {
            region: Some(region.to_owned()),
            endpoint: Endpoint::parse(&url, None).unwrap(),
        })
    };
    let list = [local("eastus", 1), local("westus", 2)];
    assert_eq!(alternate(&list, &list[0]), Some(list[1].clone()));
}

#[test]
fn final_answers() {
    for status in [
        200, 201, 204, 207, 304, 399, 400, 401, 403, 404, 405, 409, 412, 413, 422, 451, 501, 505,
    ] {
        assert!(is_final(status, None), "{status}");
        assert!(is_final(status, Some(0)), "{status}");
    }
    for status in [402, 406, 408, 410, 411, 429, 449, 500, 502, 503, 504, 599] {
        assert!(!is_final(status, None), "{status}");
    }
    for (status, sub_status, expected) in [
        (400, 1001, true),
        (403, 3, true),
        (403, 5300, true),
        (403, 1008, false),
        (404, 1002, false),
        (404, 1003, false),
        (429, 3200, true),
        (429, 3210, true),
        (429, 3214, true),
        (429, 3092, false),
        (429, 3201, false),
        (503, 3200, false),
        (410, 1002, false),
    ] {
        assert_eq!(
            is_final(status, Some(sub_status)),
            expected,
            "{status}/{sub_status}"
        );
    }
}

#[test]
fn an_alternate_of_a_metadata_read_wins_with_success_only() {
    let (item, container, ranges) = (
        RequestClass::ItemRead,
        RequestClass::ContainerRead,
        RequestClass::FirstRangesPage,
    );
    for (class, hub_only, status, sub_status, expected) in [
        (item, false, 200, None, true),
        (item, false, 404, None, true),
        (item, false, 503, None, false),
        (container, false, 200, None, true),
        (container, false, 404, None, false),
        (ranges, false, 304, None, true),
        (ranges, false, 401, None, false),
        (item, false, 403, Some(3), true),
        (item, true, 403, Some(3), false),
        (item, true, 403, Some(5300), true),
        (item, true, 200, None, true),
    ] {
        assert_eq!(
            is_final_from_alternate(class, hub_only, status, sub_status),
            expected,
            "{class:?} {hub_only} {status}/{sub_status:?}"
        );
    }
}
