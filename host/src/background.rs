//! The runtime of the blocking clients.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;

/// Serves the network while callers wait on their own threads. Started by the first of them.
///
/// It belongs to the host, like the pooled connections: the tasks of those run here, and must outlive the client
/// that happened to open them.
#[derive(Default)]
pub(crate) struct Background(Mutex<Option<Runtime>>);

impl Background {
    /// Errors: on a thread of an async runtime, where waiting would stall others (tokio panics); if no threads can
    /// be started.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        if Handle::try_current().is_ok() {
            return Err(Error::Runtime(
                "the blocking client was called inside of an async runtime: use the async client, \
                 or call it on a thread of its own (std::thread::spawn)",
            ));
        }
        Ok(self.handle()?.block_on(work))
    }

    fn handle(&self) -> Result<Handle, Error> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*running {
            return Ok(runtime.handle().clone());
        }
        let started = Builder::new_multi_thread()
            .enable_io()
            .enable_time()
            .build();
        let runtime = started.map_err(|_| {
            Error::Runtime(
                "the threads that serve the network cannot be started: check the process's limits",
            )
        })?;
        Ok(running.insert(runtime).handle().clone())
    }
}

impl Drop for Background {
    /// Without waiting, which is not allowed everywhere.
    fn drop(&mut self) {
        let running = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = running.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::thread;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_it_runs_ends_with_it_even_inside_of_another_runtime() {
        let (running, ended) = oneshot::channel::<()>();
        let start = || {
            let background = Background::default();
            let endless = async move {
                let _running = running;
                pending::<()>().await;
            };
            background
                .block_on(async { drop(tokio::spawn(endless)) })
                .unwrap();
            background
        };
        drop(thread::spawn(start).join().unwrap());
        assert!(ended.await.is_err());
    }

    #[test]
    fn it_is_started_once() {
        let background = Background::default();
        let ids = [(); 2].map(|()| {
            background
                .block_on(async { Handle::current().id() })
                .unwrap()
        });
        assert_eq!(ids[0], ids[1]);
    }
}
