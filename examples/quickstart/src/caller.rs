//! One driver, called in one of the three ways.

use cosmosdb_driver_host::types::{Operation, OperationOptions};
use cosmosdb_driver_host::{Client, Config, Error, Host, Response, blocking};
use tokio::runtime::{Builder, Runtime};

use crate::Face;

/// An open driver.
pub(crate) enum Caller {
    /// Blocking calls.
    Blocking(blocking::Client),
    /// Tasks in one instance.
    Tasks(Box<blocking::Tasks>),
    /// Async calls, driven by this runtime.
    Async(Runtime, Client),
}

impl Caller {
    /// Opens a driver. Sends nothing. Errors: a wrong endpoint or key.
    pub(crate) fn open(
        face: Face,
        host: &Host,
        config: Config,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(match face {
            Face::Blocking => Self::Blocking(blocking::Client::open(host, config)?),
            Face::Tasks => Self::Tasks(Box::new(blocking::Client::open(host, config)?.tasks()?)),
            Face::Async => {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                let client = runtime.block_on(Client::open(host, config))?;
                Self::Async(runtime, client)
            }
        })
    }

    /// Runs one operation to its end.
    pub(crate) fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        let options = OperationOptions::default();
        match self {
            Self::Blocking(client) => client.execute(operation, options),
            Self::Tasks(tasks) => {
                let task = tasks.submit(operation, options)?;
                loop {
                    tasks.wait()?;
                    if let Some(response) = tasks.take(task)? {
                        return Ok(response);
                    }
                }
            }
            Self::Async(runtime, client) => runtime.block_on(client.execute(operation, options)),
        }
    }
}
