//! `cosmos emulator`

use clap::Args;
use cosmosdb_driver_host::{Client, Config, ContainerDefinition, Credential, Host, Options};
use host_tests::emulator::Emulator;

use crate::failure::Failure;
use crate::settings::Settings;

const EXAMPLES: &str = "\
It is Microsoft's in-memory emulator behind a server on 127.0.0.1 that checks signatures. What is written is gone at the
end. Its key is the same on every run and protects nothing.

Examples:
  cosmos emulator
  cosmos emulator --region 'West Europe' --region 'North Europe'
  cosmos emulator --port 8081 --database shop --container orders --partition-key /tenant";

/// Arguments of `emulator`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The port of the first region; the next ones have the ports after it. Default: whatever is free.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// A path of the partition key of the container that --database and --container name. Several make it hierarchical.
    #[arg(long, value_name = "PATH", default_value = "/id")]
    partition_key: Vec<String>,
}

/// Runs until the program is stopped.
pub(crate) async fn run(settings: &Settings, arguments: &Arguments) -> Result<(), Failure> {
    let mut builder = Emulator::builder().port(arguments.port);
    for region in &settings.regions {
        builder = builder.region(region);
    }
    let started = builder.start().await;
    let emulator = started.map_err(Failure::io("the emulator does not start"))?;
    if let Some(database) = &settings.database {
        create(settings, arguments, &emulator, database).await?;
    }
    super::print(told(settings, &emulator).as_bytes())?;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        // It records all requests, for tests: here nobody looks.
        drop(emulator.take_requests());
    }
}

async fn create(
    settings: &Settings,
    arguments: &Arguments,
    emulator: &Emulator,
    database: &str,
) -> Result<(), Failure> {
    let options = Options {
        allow: origins(emulator),
        ..Options::default()
    };
    let host = Host::from_file(settings.component()?, options)?;
    let config = Config::new(emulator.endpoint(), Credential::account_key(emulator.key()));
    let client = Client::open(&host, config).await?;
    let database = client.database(database);
    database.create(None).await?;
    if let Some(container) = &settings.container {
        let paths = arguments.partition_key.clone();
        let definition = ContainerDefinition::new(container, paths);
        database.create_container(&definition, None).await?;
    }
    Ok(())
}

fn origins(emulator: &Emulator) -> Vec<String> {
    let origin = |authority: &String| format!("http://{authority}");
    emulator.authorities().iter().map(origin).collect()
}

/// What the environment of another terminal needs.
fn told(settings: &Settings, emulator: &Emulator) -> String {
    let mut lines = vec![
        "# an account in memory, until Ctrl-C; for another terminal:".to_owned(),
        format!("export COSMOS_ENDPOINT={}", emulator.endpoint()),
        format!("export COSMOS_KEY={}", emulator.key()),
    ];
    let origins = origins(emulator);
    if origins.len() > 1 {
        lines.push(format!("export COSMOS_ALLOW={}", origins.join(",")));
    }
    let names = [
        ("COSMOS_DATABASE", &settings.database),
        ("COSMOS_CONTAINER", &settings.container),
    ];
    for (name, value) in names {
        lines.extend(value.as_ref().map(|value| format!("export {name}={value}")));
    }
    lines.push(String::new());
    lines.join("\n")
}
