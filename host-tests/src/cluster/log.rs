//! What the regions saw.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::scripted::{Log, Seen};

/// One request and where it went. Everything else of it is in [`Seen`].
#[derive(Clone, Debug)]
pub struct Request {
    /// The region's canonical name (`eastus`), or `global`.
    pub region: String,
    /// What was seen of it.
    pub seen: Seen,
}

impl Request {
    /// `eastus GET /dbs/d/colls/c/docs/1`
    pub fn line(&self) -> String {
        format!("{} {} {}", self.region, self.seen.method, self.seen.path)
    }
}

impl Deref for Request {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.seen
    }
}

/// The requests of all regions, in order of arrival.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) log: Log,
    /// The canonical names of the sites.
    names: Vec<String>,
    /// The site of each connection, by the connection's number.
    connections: Mutex<Vec<usize>>,
    /// How many requests are not to be told of any more. They stay, for their answers may still be under way.
    cleared: AtomicUsize,
}

impl Journal {
    /// An empty journal for sites of these names.
    pub(super) fn new(names: Vec<String>) -> Self {
        Self {
            log: Log::default(),
            names,
            connections: Mutex::default(),
            cleared: AtomicUsize::new(0),
        }
    }

    /// Gives a connection its number.
    pub(super) fn connected(&self, site: usize) -> u64 {
        let mut connections = self.lock();
        connections.push(site);
        connections.len() as u64 - 1
    }

    /// The number of connections to a site so far.
    pub(super) fn connections(&self, site: usize) -> usize {
        let connections = self.lock();
        connections.iter().filter(|one| **one == site).count()
    }

    /// The requests since the last [`clear`](Self::clear).
    pub(super) fn requests(&self) -> Vec<Request> {
        self.log.look(|seen| self.told(seen))
    }

    /// Waits until these requests satisfy `condition`, and returns them.
    pub(super) async fn wait_until(
        &self,
        mut condition: impl FnMut(&[Request]) -> bool,
    ) -> Vec<Request> {
        let wait = self.log.wait_until(|seen| condition(&self.told(seen)));
        self.told(&wait.await)
    }

    /// Forgets the requests so far.
    pub(super) fn clear(&self) {
        let all = self.log.look(<[Seen]>::len);
        self.cleared.store(all, Ordering::Relaxed);
    }

    fn told(&self, seen: &[Seen]) -> Vec<Request> {
        let connections = self.lock();
        seen.iter()
            .skip(self.cleared.load(Ordering::Relaxed))
            .map(|seen| {
                let site = usize::try_from(seen.connection)
                    .ok()
                    .and_then(|number| connections.get(number));
                Request {
                    region: site.map_or_else(String::new, |site| self.names[*site].clone()),
                    seen: seen.clone(),
                }
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
