//! The instances of a blocking client.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use super::Client;
use crate::config::Config;
use crate::error::Error;
use crate::fault::Rules;
use crate::gate::Place;
use crate::instance::BlockingInstance;

pub(super) struct Pool {
    /// For new instances.
    pub(super) config: Config,
    /// For new instances too.
    pub(super) faults: Rules,
    /// And this, if there is one.
    pub(super) snapshot: Option<Arc<[u8]>>,
    /// How often configuration and rules have changed.
    pub(super) version: u64,
    /// The one that was used last is the last.
    pub(super) idle: Vec<Pooled>,
}

pub(super) struct Pooled {
    pub(super) instance: BlockingInstance,
    /// The version of the pool that it agrees with.
    pub(super) version: u64,
    /// While it is in use.
    place: Option<Place>,
    /// When it was opened, or given back.
    idle_since: Instant,
}

impl Pool {
    pub(super) fn new(config: Config, first: BlockingInstance) -> Self {
        Self {
            config,
            faults: Rules::default(),
            snapshot: None,
            version: 0,
            idle: vec![Pooled::new(first, 0)],
        }
    }
}

impl Pooled {
    fn new(instance: BlockingInstance, version: u64) -> Self {
        Self {
            instance,
            version,
            place: None,
            idle_since: Instant::now(),
        }
    }
}

impl Client {
    /// An idle instance, or a new one. Errors: [`Error::Overloaded`] and those of opening one.
    pub(super) async fn checkout(&self) -> Result<Pooled, Error> {
        let place = self.0.front.gate.place().await?;
        let idle = {
            let mut pool = self.pool();
            self.drop_idle(&mut pool);
            pool.idle.pop()
        };
        let mut pooled = match idle {
            Some(pooled) => pooled,
            None => self.open_instance().await?,
        };
        pooled.place = Some(place);
        Ok(pooled)
    }

    /// A new instance, though others may be idle: where the host has room for no more, one of them goes. Errors: as
    /// [`checkout`](Self::checkout).
    pub(super) async fn checkout_new(&self) -> Result<Pooled, Error> {
        let place = self.0.front.gate.place().await?;
        let mut opened = self.open_instance().await;
        if let Err(Error::Overloaded(_)) = &opened {
            let idle = self.pool().idle.pop();
            if idle.is_some() {
                drop(idle);
                opened = self.open_instance().await;
            }
        }
        let mut pooled = opened?;
        pooled.place = Some(place);
        Ok(pooled)
    }

    /// A new instance, as the pool is at this moment.
    async fn open_instance(&self) -> Result<Pooled, Error> {
        let (config, faults, snapshot, version) = {
            let pool = self.pool();
            let snapshot = pool.snapshot.clone();
            (
                pool.config.clone(),
                pool.faults.clone(),
                snapshot,
                pool.version,
            )
        };
        let mut instance = BlockingInstance::open(&self.0.host, &config).await?;
        for rule in faults.iter() {
            instance.add_fault(rule.clone()).await?;
        }
        if let Some(snapshot) = snapshot {
            instance.restore(&snapshot).await?;
        }
        Ok(Pooled::new(instance, version))
    }

    /// One that has ended, or was opened before a change, goes; so do all of a closed client.
    pub(super) fn give_back(&self, mut pooled: Pooled) {
        let place = pooled.place.take();
        let mut pool = self.pool();
        let stays = !pooled.instance.has_ended()
            && pooled.version == pool.version
            && !self.0.front.gate.is_closed();
        if stays && self.0.front.gate.limits().idle_timeout.is_some() {
            pooled.idle_since = Instant::now();
        }
        let gone = if stays {
            pool.idle.push(pooled);
            None
        } else {
            Some(pooled)
        };
        drop(pool);
        // The place is free for the next one only when the instance is there, or has gone from the host.
        drop(gone);
        drop(place);
    }

    fn drop_idle(&self, pool: &mut Pool) {
        if let Some(time) = self.0.front.gate.limits().idle_timeout {
            pool.idle
                .retain(|pooled| pooled.idle_since.elapsed() < time);
        }
    }

    pub(super) fn pool(&self) -> MutexGuard<'_, Pool> {
        // Every change to the pool is complete in itself.
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
