//! A plugin that nobody trusts, in the sandbox of `examples/plugin-host`.

use std::io;
use std::path::Path;

use plugin_host::{Account, Limits, Outcome, Plugin, PluginHost};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::agent::Agent;
use crate::faces::{Wasmtime, current_thread};

/// The sandbox: each step is a run of its own, in a store of its own. Databases and containers are not a plugin's to make:
/// another host does those steps.
pub(crate) struct Sandbox {
    runtime: Runtime,
    driver: Vec<u8>,
    plugin: Vec<u8>,
    maker: Wasmtime,
    account: Option<(String, String)>,
    loaded: Option<(String, Plugin)>,
}

impl Sandbox {
    /// Reads the components.
    pub(crate) fn load(plugin: &Path, driver: &Path) -> io::Result<Self> {
        Ok(Self {
            runtime: current_thread()?,
            driver: std::fs::read(driver)?,
            plugin: std::fs::read(plugin)?,
            maker: Wasmtime::load(driver)?,
            account: None,
            loaded: None,
        })
    }

    /// The plugin, loaded for the container of a step.
    fn plugin(&mut self, step: &Value) -> io::Result<Plugin> {
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        let database = text("database");
        if let Some((_, plugin)) = self.loaded.as_ref().filter(|(name, _)| name == database) {
            return Ok(plugin.clone());
        }
        let (endpoint, key) = self.account.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let account = Account::new(endpoint, key, database, text("container"));
        let host =
            account.and_then(|account| PluginHost::new(&self.driver, account, Limits::default()));
        let plugin = host.and_then(|host| host.load(&self.plugin));
        let plugin = plugin.map_err(io::Error::other)?;
        self.loaded = Some((database.to_owned(), plugin.clone()));
        Ok(plugin)
    }
}

impl Agent for Sandbox {
    fn keeps_client(&self) -> bool {
        false
    }

    fn step(&mut self, step: &Value) -> io::Result<Value> {
        match step["do"].as_str().unwrap_or_default() {
            "open" => {
                let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
                self.account = Some((text("endpoint"), text("key")));
                self.loaded = None;
                self.maker.step(step)
            }
            "close" => self.maker.step(step),
            name if name.ends_with("-database") || name.ends_with("-container") => {
                self.maker.step(step)
            }
            _ => {
                let plugin = self.plugin(step)?;
                let report = self.runtime.block_on(plugin.run(&step.to_string()));
                match report.outcome {
                    Outcome::Done(answer) => {
                        serde_json::from_str(&answer).map_err(io::Error::other)
                    }
                    other => Ok(json!({ "wrong": format!("{other:?}") })),
                }
            }
        }
    }
}
