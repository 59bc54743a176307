use super::*;
use crate::core::clock::millis;
use crate::core::error::ErrorKind;

fn group(name: &str) -> GroupConfig {
    GroupConfig {
        name: name.to_owned(),
        ..GroupConfig::default()
    }
}

fn refused(result: Result<()>, says: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains(says), "{}", error.message);
}

#[test]
fn priorities_as_the_service_spells_them() {
    assert_eq!(PriorityLevel::High.header(), "High");
    assert_eq!(PriorityLevel::Low.header(), "Low");
}

#[test]
fn names_are_unique_and_one_group_is_the_default() {
    let mut groups = Groups::default();
    let default = |name| GroupConfig {
        is_default: true,
        ..group(name)
    };
    groups.register(group("a")).unwrap();
    refused(groups.register(group("a")), "\"a\" already");
    groups.register(default("b")).unwrap();
    refused(groups.register(default("c")), "\"b\" is the default");
    assert_eq!(groups.get("b"), Some(&default("b")));
    assert_eq!(groups.get("c"), None);
    for at in 2..MAX_GROUPS {
        groups.register(group(&at.to_string())).unwrap();
    }
    refused(groups.register(group("more")), "64");
}

#[test]
fn a_target_is_a_positive_number() {
    for target in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let config = GroupConfig {
            target_ru_per_second: Some(target),
            ..group("a")
        };
        let mut groups = Groups::default();
        refused(groups.register(config), "no positive number");
        assert_eq!(groups.get("a"), None);
    }
}

#[test]
fn direct_options_then_the_named_group_then_the_default_one_then_nothing() {
    use PriorityLevel::{High, Low};
    let mut groups = Groups::default();
    let nothing = Control::default();
    assert_eq!(groups.resolve(&Direct::default()).unwrap(), nothing);
    let named = GroupConfig {
        priority: Some(Low),
        target_ru_per_second: Some(1.0),
        ..group("named")
    };
    let default = GroupConfig {
        priority: Some(High),
        bucket: Some(2),
        is_default: true,
        ..group("default")
    };
    groups.register(named).unwrap();
    groups.register(default).unwrap();
    let metered = Some(GroupId(0));
    let cases = [
        (None, None, None, (Some(High), Some(2), None)),
        (Some(Low), None, None, (Some(Low), Some(2), None)),
        (None, Some(5), None, (Some(High), Some(5), None)),
        (None, None, Some("named"), (Some(Low), None, metered)),
        (
            Some(High),
            Some(0),
            Some("named"),
            (Some(High), Some(0), metered),
        ),
    ];
    for (priority, bucket, group, expected) in cases {
        let direct = Direct {
            priority,
            bucket,
            group,
        };
        let control = groups.resolve(&direct).unwrap();
        assert_eq!(
            (control.priority, control.bucket, control.metered),
            expected
        );
    }
    let unknown = Direct {
        group: Some("other"),
        ..Direct::default()
    };
    refused(groups.resolve(&unknown).map(|_| ()), "\"other\"");
    assert!(groups.meter(GroupId(0)).is_some());
    assert!(groups.meter(GroupId(1)).is_none());
}

#[test]
fn a_groups_headers_can_change_later() {
    let mut groups = Groups::default();
    groups.register(group("a")).unwrap();
    assert!(groups.change("a", Some(PriorityLevel::Low), Some(3)));
    assert!(!groups.change("b", None, None));
    let a = groups.get("a").unwrap();
    assert_eq!((a.priority, a.bucket), (Some(PriorityLevel::Low), Some(3)));
}

#[test]
fn a_debt_is_waited_for() {
    let mut meter = Meter::new(100.0).unwrap();
    assert_eq!(meter.admit(SECOND), Admission::Go);
    meter.charge(150.0, SECOND);
    // 50 RU of debt at 100 RU a second.
    assert_eq!(meter.admit(SECOND), Admission::Wait(millis(501)));
    assert_eq!(
        meter.admit(SECOND + millis(250)),
        Admission::Wait(millis(251))
    );
    assert_eq!(meter.admit(SECOND + millis(500)), Admission::Wait(MILLI));
    assert_eq!(meter.admit(SECOND + millis(501)), Admission::Go);
}

#[test]
fn the_bucket_holds_one_second() {
    let mut meter = Meter::new(100.0).unwrap();
    meter.charge(99.0, 0);
    assert_eq!(meter.admit(0), Admission::Go);
    meter.charge(1.0, 0);
    assert_eq!(meter.admit(0), Admission::Wait(MILLI));
    // However long nothing happens, one second is saved up.
    meter.charge(100.0, 3600 * SECOND);
    assert_eq!(meter.admit(3600 * SECOND), Admission::Wait(MILLI));
}

#[test]
fn odd_charges_and_clocks_do_no_harm() {
    let mut meter = Meter::new(10.0).unwrap();
    for ru in [f64::NAN, f64::INFINITY, -5.0, 0.0] {
        meter.charge(ru, SECOND);
    }
    assert_eq!(meter.balance, 10.0);
    meter.charge(20.0, SECOND);
    // An earlier reading neither pays off nor is paid twice.
    assert_eq!(meter.admit(0), Admission::Wait(SECOND + MILLI));
    assert_eq!(meter.admit(SECOND), Admission::Wait(SECOND + MILLI));
    meter.charge(1e300, SECOND);
    assert_eq!(meter.admit(SECOND), Admission::Wait(Nanos::MAX));
}

#[test]
fn on_average_a_group_keeps_its_target() {
    let mut meter = Meter::new(10.0).unwrap();
    let (mut now, mut spent) = (0, 0.0);
    while now < 100 * SECOND {
        match meter.admit(now) {
            Admission::Go => {
                meter.charge(7.0, now);
                spent += 7.0;
            }
            Admission::Wait(wait) => now += wait,
        }
    }
    // 100 s at 10 RU/s, and the second that the bucket held at first.
    assert!((1000.0..=1017.0).contains(&spent), "{spent}");
}
