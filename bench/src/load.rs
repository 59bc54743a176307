//! A closed loop: so many operations in flight, each followed by the next.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{account, machine};

/// What is done over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Reads an item of 1 KB.
    Read,
    /// Creates an item of 1 KB; the answer has no body.
    Create,
    /// Queries one partition: a page of 100 items, 94 KB.
    Query,
}

/// How much of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) work: Work,
    pub(crate) in_flight: usize,
    pub(crate) until: Until,
    /// How many containers take turns: `c0`, `c1`, …
    pub(crate) containers: u64,
    /// In this container instead.
    pub(crate) container: Option<String>,
    /// The item: one that is called `hold-` and a number is answered when so many have been asked for.
    pub(crate) item: String,
}

/// One read.
impl Default for Load {
    fn default() -> Self {
        Self {
            work: Work::Read,
            in_flight: 1,
            until: Until::Operations(1),
            containers: 1,
            container: None,
            item: account::ITEM.to_owned(),
        }
    }
}

/// When it ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Until {
    Milliseconds(u64),
    Operations(u64),
}

/// What became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) operations: u64,
    /// All times in microseconds; CPU and fuel for one operation.
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Only of a metered instance.
    pub(crate) fuel: Option<f64>,
    /// The size of all linear memories afterwards, in bytes.
    pub(crate) linear_memory: u64,
    /// The process's resident memory afterwards, in bytes.
    pub(crate) resident: u64,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.wall * 1e6
    }
}

/// A client under test.
pub(crate) trait Client {
    fn run(&mut self, turns: Arc<Turns>) -> Running<'_>;

    /// What its instances have executed so far.
    fn fuel(&mut self) -> Pin<Box<dyn Future<Output = Option<u64>> + '_>> {
        Box::pin(async { None })
    }
}

/// The latency of each operation.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<Duration>>> + 'a>>;

/// One that any number of callers share.
pub(crate) trait Shared: Clone + Send + 'static {
    fn call(&self, turn: Turn) -> impl Future<Output = Result<()>> + Send;

    fn fuel(&self) -> impl Future<Output = Option<u64>> {
        async { None }
    }
}

impl<S: Shared> Client for S {
    fn run(&mut self, turns: Arc<Turns>) -> Running<'_> {
        Box::pin(async move {
            let mut lanes = JoinSet::new();
            for _ in 0..turns.load.in_flight {
                let (client, turns) = (self.clone(), Arc::clone(&turns));
                lanes.spawn(async move {
                    let mut latencies = Vec::new();
                    while let Some(turn) = turns.next() {
                        let start = Instant::now();
                        client.call(turn).await?;
                        latencies.push(start.elapsed());
                    }
                    anyhow::Ok(latencies)
                });
            }
            let mut all = Vec::new();
            while let Some(lane) = lanes.join_next().await {
                all.append(&mut lane??);
            }
            Ok(all)
        })
    }

    fn fuel(&mut self) -> Pin<Box<dyn Future<Output = Option<u64>> + '_>> {
        Box::pin(Shared::fuel(self))
    }
}

/// Hands out what is still to be done.
pub(crate) struct Turns {
    pub(crate) load: Load,
    end: Instant,
    taken: AtomicU64,
}

/// One operation.
pub(crate) struct Turn {
    pub(crate) work: Work,
    pub(crate) container: String,
    pub(crate) item: String,
}

impl Turns {
    fn new(load: Load) -> Self {
        let time = match load.until {
            Until::Milliseconds(time) => Duration::from_millis(time),
            Until::Operations(_) => Duration::MAX / 4,
        };
        let now = Instant::now();
        Self {
            end: now
                .checked_add(time)
                .unwrap_or(now + Duration::from_secs(3600)),
            taken: AtomicU64::new(0),
            load,
        }
    }

    pub(crate) fn next(&self) -> Option<Turn> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        let more = match self.load.until {
            Until::Milliseconds(_) => Instant::now() < self.end,
            Until::Operations(most) => taken < most,
        };
        let load = &self.load;
        more.then(|| Turn {
            work: load.work,
            container: match &load.container {
                Some(container) => container.clone(),
                None => format!("c{}", taken % load.containers),
            },
            item: load.item.clone(),
        })
    }
}

/// Runs it, and looks at the clocks before and after.
pub(crate) async fn measure(client: &mut dyn Client, load: Load) -> Result<Measured> {
    let fuel_before = client.fuel().await;
    let cpu = machine::cpu()?;
    let start = Instant::now();
    let turns = Arc::new(Turns::new(load));
    let mut latencies = client.run(turns).await?;
    let wall = start.elapsed();
    let cpu = machine::cpu()?.saturating_sub(cpu);
    let fuel = client.fuel().await.zip(fuel_before);
    latencies.sort_unstable();
    let operations = latencies.len().max(1);
    let part = |part: usize| {
        let place = operations * part / 100;
        latencies.get(place.min(operations - 1)).map_or(0.0, micros)
    };
    Ok(Measured {
        operations: latencies.len() as u64,
        cpu: micros(&cpu) / operations as f64,
        wall: micros(&wall),
        p50: part(50),
        p99: part(99),
        fuel: fuel.map(|(after, before)| (after - before) as f64 / operations as f64),
        linear_memory: machine::linear_memory().0,
        resident: machine::resident(),
    })
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
