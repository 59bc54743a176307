//! Every option on every layer that has it: set there it changes what the servers see or what comes back, and a higher
//! layer beats a lower one.
//!
//! A [`Row`] for each option has two values, the layers that it can be set on, and a probe: an operation or two, and
//! what was seen of them in a word. [`check`] tries nothing at all, the first value on each layer, and for each pair of
//! layers the first value below and the second above.

mod account;
mod operation;
mod partition;
mod probes;
mod runtime;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use cosmosdb_driver_host::types::{
    DiagnosticsConfig, Operation, OperationOptions, PartitionFailover, RequestTimeouts, Response,
    ThroughputControlGroup,
};
use cosmosdb_driver_host::{Config, Error, Fault, RuntimeConfig};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::face::Face;
use crate::lab::{Lab, cluster, options, read, upsert};
use crate::scene::{PATIENCE, config};

/// All layers of one driver, and what its account is like.
#[derive(Clone, Default)]
pub(super) struct Setup {
    pub(super) runtime: RuntimeConfig,
    /// What is done to the account's configuration, in this order.
    pub(super) account: Vec<fn(Config) -> Config>,
    /// The account's options of operations.
    defaults: OperationOptions,
    operation: OperationOptions,
    pub(super) partition: PartitionFailover,
    pub(super) multi_write: bool,
}

/// Something to set.
type Setting = Box<dyn Fn(Setup) -> Setup + Send + Sync>;

/// Runs operations with a setup, and says what was seen of the option.
type Probe = fn(Face, Setup) -> Pin<Box<dyn Future<Output = String> + Send>>;

/// One option.
pub(super) struct Row {
    option: &'static str,
    /// The lowest first.
    layers: Vec<Layer>,
    probe: Probe,
    /// What is seen with nothing set, the first value, and the second.
    seen: [&'static str; 3],
}

/// How the values are set on one layer.
struct Layer {
    name: &'static str,
    first: Setting,
    /// None in the environment, the lowest of all.
    second: Option<Setting>,
}

impl Layer {
    /// A variable of the environment, without the beginning that all have, and the text of the first value.
    fn environment(name: &'static str, value: &'static str) -> Self {
        let name = format!("AZURE_COSMOS_{name}");
        let set = move |mut setup: Setup| {
            setup.runtime = setup.runtime.environment(&name, value);
            setup
        };
        Self {
            name: "environment",
            first: Box::new(set),
            second: None,
        }
    }

    fn account(values: [fn(Config) -> Config; 2]) -> Self {
        Self::new("account", values, |setup, change| {
            setup.account.push(change);
        })
    }

    fn partition(values: [fn(&mut PartitionFailover); 2]) -> Self {
        Self::new("account", values, |setup, change| {
            change(&mut setup.partition);
        })
    }

    fn runtime(values: [fn(RuntimeConfig) -> RuntimeConfig; 2]) -> Self {
        Self::new("runtime", values, |setup, change| {
            setup.runtime = change(std::mem::take(&mut setup.runtime));
        })
    }

    fn new<V: Copy + Send + Sync + 'static>(
        name: &'static str,
        [first, second]: [V; 2],
        set: fn(&mut Setup, V),
    ) -> Self {
        let setting = move |value: V| -> Setting {
            Box::new(move |mut setup: Setup| {
                set(&mut setup, value);
                setup
            })
        };
        Self {
            name,
            first: setting(first),
            second: Some(setting(second)),
        }
    }
}

/// A scenario: what was set, and what must be seen.
type Scenario = (String, Setup, &'static str);

impl Row {
    fn scenarios(&self) -> Vec<Scenario> {
        let [unset, first, second] = self.seen;
        assert_ne!(unset, first, "{}: the probe does not see it", self.option);
        assert_ne!(first, second, "{}: the probe sees no other", self.option);
        let named = |what: &str| format!("{} {what}", self.option);
        let mut scenarios = vec![(named("unset"), Setup::default(), unset)];
        for (place, low) in self.layers.iter().enumerate() {
            let set = (low.first)(Setup::default());
            scenarios.push((named(low.name), set.clone(), first));
            for high in &self.layers[place + 1..] {
                let Some(value) = &high.second else { continue };
                let what = format!("{} over {}", high.name, low.name);
                scenarios.push((named(&what), value(set.clone()), second));
            }
        }
        scenarios
    }
}

/// Tries all scenarios, those of a few rows at a time, for some have to wait.
async fn check(face: Face, rows: &[Row]) {
    for rows in rows.chunks(4) {
        let mut running = JoinSet::new();
        for row in rows {
            for (name, setup, expected) in row.scenarios() {
                let probe = (row.probe)(face, setup);
                running.spawn(async move {
                    let seen = timeout(PATIENCE, probe).await;
                    (name, seen.expect("the probe ends"), expected)
                });
            }
        }
        while let Some(done) = running.join_next().await {
            let (name, seen, expected) = done.expect("a probe");
            assert_eq!(seen, expected, "{name}");
        }
    }
}

impl Setup {
    /// A driver with all this, on a lab whose account has been read, like the container if `warm`.
    pub(super) async fn open(self, face: Face, warm: bool) -> Stage {
        let cluster = cluster(self.multi_write);
        let mut config = config(&cluster.endpoint())
            .runtime(self.runtime)
            .partition_failover(self.partition)
            .options(self.defaults);
        for change in self.account {
            config = change(config);
        }
        let driver = face.open(options(&cluster), &config).await;
        let lab = Lab {
            cluster,
            driver: driver.expect("a driver"),
        };
        let mut stage = Stage {
            lab,
            options: OperationOptions::default(),
        };
        if warm {
            // A write, which is never hedged: nothing of it arrives late.
            stage.execute(upsert()).await.expect("the account is well");
            stage.lab.cluster.clear();
        }
        stage.options = self.operation;
        stage
    }
}

/// A lab, and the options that operations are called with.
pub(super) struct Stage {
    pub(super) lab: Lab,
    options: OperationOptions,
}

impl Stage {
    pub(super) async fn read(&mut self) -> Result<Response, Error> {
        self.execute(read()).await
    }

    pub(super) async fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        let options = self.options.clone();
        self.lab.driver.execute_with(operation, options).await
    }

    /// Lets time pass: a write takes so long. Once for each stage.
    pub(super) async fn pass(&mut self, time: Duration) {
        let slow = Fault::new("pass").upsert_item().delay(time);
        self.lab.add(slow).await;
        self.execute(upsert()).await.expect("a slow answer");
    }

    /// A header of the last request for items.
    pub(super) fn header(&self, name: &str) -> String {
        let mut seen = self.lab.cluster.requests();
        seen.retain(|request| request.path.contains("/docs"));
        let last = seen.pop().expect("a request");
        last.header(name).unwrap_or("-").to_owned()
    }
}

/// The names of a record's fields. Does not compile if one is missing.
macro_rules! fields {
    ($record:ident { $($field:ident),* $(,)? } = $value:expr) => {{
        let $record { $($field: _),* } = $value;
        [$(stringify!($field)),*]
    }};
}

/// No option is forgotten: the rows, and those that have a test of their own, are all that the record has.
fn assert_complete(rows: &[Row], own: &[&str], fields: impl IntoIterator<Item = String>) {
    let named = rows.iter().map(|row| row.option).chain(own.iter().copied());
    let mut known = BTreeSet::new();
    for name in named {
        assert!(known.insert(name.to_owned()), "{name} is there twice");
    }
    let fields: BTreeSet<String> = fields.into_iter().collect();
    assert_eq!(known, fields);
}

#[test]
fn the_table_has_every_option_of_operations() {
    let fields = fields!(
        OperationOptions {
            content_response_on_write,
            custom_headers,
            activity_id,
            read_consistency,
            excluded_regions,
            priority_level,
            throughput_bucket,
            throughput_control_group,
            end_to_end_timeout_ms,
            max_failover_retries,
            max_session_retries,
            max_throttle_retries,
            max_throttle_wait_ms,
            endpoint_unavailability_ttl_ms,
            session_capturing_disabled,
            hedging_enabled,
            availability_strategy,
            retry_ambiguous_writes,
            ru_budget,
            diagnostics_report,
        } = OperationOptions::default()
    );
    assert_complete(&operation::rows(), &[], fields.map(str::to_owned));
}

#[test]
fn the_table_has_every_option_of_partition_failover() {
    let fields = fields!(
        PartitionFailover {
            circuit_breaker_enabled,
            read_failure_threshold,
            write_failure_threshold,
            counter_reset_window_ms,
            partition_unavailability_ms,
            failback_sweep_interval_ms,
            consecutive_hedge_wins,
            topology_cache,
        } = PartitionFailover::default()
    );
    assert_complete(&partition::rows(), &[], fields.map(str::to_owned));
}

#[test]
fn the_table_has_every_option_of_accounts() {
    let fields = contract("config").into_iter();
    assert_complete(&account::rows(), &account::ELSEWHERE, fields);
}

#[test]
fn the_table_has_every_option_of_runtimes() {
    let diagnostics = fields!(
        DiagnosticsConfig {
            max_request_diagnostics,
            max_summary_size_bytes,
            default_verbosity,
        } = DiagnosticsConfig::default()
    );
    let timeouts = fields!(
        RequestTimeouts {
            connect_ms,
            data_plane_request_ms,
            metadata_request_ms,
        } = RequestTimeouts::default()
    );
    let groups = fields!(
        ThroughputControlGroup {
            name,
            target_ru_per_second,
            priority_level,
            throughput_bucket,
            is_default,
        } = ThroughputControlGroup::new("name")
    );
    let within = |record: &str, fields: &[&str]| -> Vec<String> {
        let named = fields.iter().map(|field| format!("{record}.{field}"));
        named.collect()
    };
    let mut all = contract("runtime-config");
    for (record, fields) in [
        ("diagnostics", &diagnostics[..]),
        ("timeouts", &timeouts),
        ("throughput_control_groups", &groups),
    ] {
        all.retain(|field| field != record);
        all.extend(within(record, fields));
    }
    assert_complete(&runtime::rows(), &runtime::ELSEWHERE, all);
}

/// The fields of a record of the contract, which the host hides behind a builder.
fn contract(record: &str) -> Vec<String> {
    const TYPES: &str = include_str!("../../../../wit/types.wit");
    let begin = format!("record {record} {{");
    let mut lines = TYPES.lines().skip_while(|line| line.trim() != begin);
    lines.next().expect("the record");
    let lines = lines.take_while(|line| line.trim() != "}");
    let field = |line: &str| {
        let line = line.trim();
        let (name, _) = line.split_once(": ").filter(|_| !line.starts_with("///"))?;
        Some(name.replace('-', "_"))
    };
    lines.filter_map(field).collect()
}
