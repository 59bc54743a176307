//! What it costs before the first answer, and what an instance takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{Operation, OperationOptions};
use cosmosdb_driver_host::{Config, Host, Options};
use serde_json::{Value, json};

use crate::compare::median;
use crate::guest::{self, Asked};
use crate::load::{Turn, Work};
use crate::{Settings, account, machine, peer, table};

/// How many instances the memory of one is taken from.
const INSTANCES: u32 = 100;

pub(crate) fn run(settings: &Settings) -> Result<()> {
    let (_server, endpoint) = peer::server()?;
    machine::many_sockets()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut columns = Vec::new();
    for (face, file) in [("WASI 0.2", guest::BLOCKING), ("WASI 0.3", guest::ASYNC)] {
        let cold = Cold {
            wasm: settings.components.join(file),
            config: guest::config(&endpoint),
            rounds: if settings.quick { 1 } else { 15 },
        };
        columns.push((face, runtime.block_on(cold.measure())?));
    }
    println!("{}", machine::describe());
    let names = columns.first().map(|(_, column)| column.iter());
    let rows = names.into_iter().flatten().enumerate().map(|(place, row)| {
        let figures = columns.iter().filter_map(|(_, column)| column.get(place));
        let figures = figures.map(Row::cell);
        std::iter::once(row.name.to_owned())
            .chain(figures)
            .collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    table::print("cold cost", &["", "WASI 0.2", "WASI 0.3"], &rows);
    let report = columns.iter().map(|(face, column)| {
        let figures: Vec<_> = column.iter().map(Row::json).collect();
        json!({ "face": face, "figures": figures })
    });
    let report: Vec<_> = report.collect();
    settings.write(&json!({ "machine": machine::describe(), "faces": report }))
}

struct Row {
    name: &'static str,
    /// In milliseconds or bytes.
    figure: f64,
    bytes: bool,
}

struct Cold {
    wasm: PathBuf,
    config: Config,
    rounds: usize,
}

impl Cold {
    async fn measure(&self) -> Result<Vec<Row>> {
        let wasm = fs::read(&self.wasm)?;
        let mut rows = vec![Row::bytes("component", wasm.len() as u64)];
        let compile = || Host::from_bytes(&wasm, Options::default());
        let (wall, cpu) = self.times(|| compile().map(drop))?;
        rows.push(Row::time("compile, all cores", wall));
        rows.push(Row::time("compile, CPU time", cpu));

        let cache = Cache::new()?;
        let load = |pooled_instances| {
            let options = Options {
                cache_dir: Some(cache.0.clone()),
                pooled_instances,
                ..Options::default()
            };
            Host::from_file(&self.wasm, options)
        };
        let host = load(None)?;
        rows.push(Row::bytes("compiled file", cache.size()?));
        rows.push(Row::time(
            "load the compiled file",
            self.times(|| load(None).map(drop))?.0,
        ));

        let pooled = load(Some(INSTANCES))?;
        for (host, open, answer) in [
            (&host, "instantiate and open", "… and first answer"),
            (
                &pooled,
                "instantiate and open, pooled",
                "… and first answer, pooled",
            ),
        ] {
            // The connection is there already, as it is when an instance follows another.
            let (opened, answered) = self.open(host).await?;
            rows.push(Row::time(open, opened));
            rows.push(Row::time(answer, answered));
        }
        rows.push(Row::time("an answer later", self.warm(&host).await?));
        rows.extend(self.memory(&host).await?);
        Ok(rows)
    }

    /// The median wall and CPU time.
    fn times(
        &self,
        work: impl Fn() -> Result<(), cosmosdb_driver_host::Error>,
    ) -> Result<(Duration, Duration)> {
        let mut walls = Vec::new();
        let mut cpus = Vec::new();
        for _ in 0..self.rounds {
            let (start, cpu) = (Instant::now(), machine::cpu()?);
            work()?;
            walls.push(start.elapsed());
            cpus.push(machine::cpu()?.saturating_sub(cpu));
        }
        Ok((middle(&walls), middle(&cpus)))
    }

    async fn open(&self, host: &Host) -> Result<(Duration, Duration)> {
        let mut opened = Vec::new();
        let mut answered = Vec::new();
        for round in 0..=self.rounds {
            let start = Instant::now();
            let mut instance = Instance::open(host, &self.config).await?;
            let open = start.elapsed();
            instance.read().await?;
            if round > 0 {
                opened.push(open);
                answered.push(start.elapsed());
            }
        }
        Ok((middle(&opened), middle(&answered)))
    }

    async fn warm(&self, host: &Host) -> Result<Duration> {
        let mut instance = Instance::open(host, &self.config).await?;
        let mut all = Vec::new();
        for round in 0..self.rounds * 10 {
            let start = Instant::now();
            instance.read().await?;
            if round > 0 || self.rounds == 1 {
                all.push(start.elapsed());
            }
        }
        Ok(middle(&all))
    }

    async fn memory(&self, host: &Host) -> Result<Vec<Row>> {
        let before = Memory::now();
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            instances.push(Instance::open(host, &self.config).await?);
        }
        let idle = Memory::now();
        for instance in &mut instances {
            instance.read().await?;
        }
        let used = Memory::now();
        let each = |after: u64, before: u64| after.saturating_sub(before) / u64::from(INSTANCES);
        Ok(vec![
            Row::bytes("idle instance: linear memory", each(idle.size, before.size)),
            Row::bytes(
                "idle instance: resident of it",
                each(idle.touched, before.touched),
            ),
            Row::bytes("idle instance: process", each(idle.process, before.process)),
            Row::bytes("used instance: linear memory", each(used.size, before.size)),
            Row::bytes(
                "used instance: resident of it",
                each(used.touched, before.touched),
            ),
            Row::bytes("used instance: process", each(used.process, before.process)),
        ])
    }
}

enum Instance {
    Blocking(Box<BlockingInstance>),
    Async(AsyncInstance),
}

impl Instance {
    async fn open(host: &Host, config: &Config) -> Result<Self> {
        Ok(match host.face() {
            cosmosdb_driver_host::Face::Blocking => {
                Self::Blocking(Box::new(BlockingInstance::open(host, config).await?))
            }
            cosmosdb_driver_host::Face::Async => {
                Self::Async(AsyncInstance::open(host, config).await?)
            }
        })
    }

    async fn read(&mut self) -> Result<()> {
        let options = OperationOptions::default();
        match self {
            Self::Blocking(instance) => drop(instance.execute(&read(), &options).await?),
            Self::Async(instance) => drop(instance.execute(read(), options).await?),
        }
        Ok(())
    }
}

fn read() -> Operation {
    let turn = Turn {
        work: Work::Read,
        container: account::CONTAINER.to_owned(),
        item: account::ITEM.to_owned(),
    };
    match guest::asked(turn) {
        Asked::Point(operation) => operation,
        Asked::Feed(_) => unreachable!("reading an item is no feed"),
    }
}

struct Memory {
    size: u64,
    touched: u64,
    process: u64,
}

impl Memory {
    fn now() -> Self {
        let (size, touched) = machine::linear_memory();
        Self {
            size,
            touched,
            process: machine::resident(),
        }
    }
}

/// A folder for what is compiled, which goes with this value.
struct Cache(PathBuf);

impl Cache {
    fn new() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt;

        let path = std::env::temp_dir().join(format!("cosmosdb-bench-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn size(&self) -> Result<u64> {
        let mut most = 0;
        for file in fs::read_dir(&self.0)? {
            most = most.max(file?.metadata()?.len());
        }
        Ok(most)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        drop(fs::remove_dir_all::<&Path>(&self.0));
    }
}

impl Row {
    fn time(name: &'static str, time: Duration) -> Self {
        Self {
            name,
            figure: time.as_secs_f64() * 1e3,
            bytes: false,
        }
    }

    fn bytes(name: &'static str, bytes: u64) -> Self {
        Self {
            name,
            figure: bytes as f64,
            bytes: true,
        }
    }

    fn cell(&self) -> String {
        match self {
            Self { bytes: true, .. } => format!("{:.0} KiB", self.figure / 1024.0),
            Self { figure, .. } if *figure < 1.0 => format!("{:.0} µs", figure * 1e3),
            Self { figure, .. } => format!("{figure:.1} ms"),
        }
    }

    fn json(&self) -> Value {
        let unit = if self.bytes { "bytes" } else { "milliseconds" };
        json!({ "what": self.name, unit: self.figure })
    }
}

fn middle(times: &[Duration]) -> Duration {
    Duration::from_secs_f64(median(times.iter().map(Duration::as_secs_f64).collect()))
}
