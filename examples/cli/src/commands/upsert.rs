//! `cosmos upsert`

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use clap::Args;
use cosmosdb_driver_host::ItemOptions;

use crate::account::Account;
use crate::failure::Failure;
use crate::item::{self, KeyPaths};
use crate::output::Members;
use crate::settings::Settings;

const EXAMPLES: &str = "\
The partition key is what the item has at the paths of the container's partition key.

Examples:
  cosmos upsert order.json
  echo '{\"id\":\"1\",\"tenant\":\"contoso\"}' | cosmos upsert
  cosmos upsert order.json --if-match '\"0000-…\"'      only if it still has this etag; exit code 4 if not
  cosmos upsert order.json --create                   exit code 4 if it is there already";

/// Arguments of `upsert`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file with the item; `-` is standard input.
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
    /// Replace it only if it still has this etag.
    #[arg(long, value_name = "ETAG", conflicts_with = "create")]
    if_match: Option<String>,
    /// Fail if the item exists.
    #[arg(long)]
    create: bool,
}

/// Writes the item, to the byte as it is in the file. One POST, besides metadata and the container's definition.
pub(crate) async fn run(settings: &Settings, arguments: Arguments) -> Result<(), Failure> {
    let from_stdin = arguments.file.as_os_str() == "-";
    if from_stdin && settings.key_stdin {
        return Err(Failure::Usage(
            "standard input cannot be both the key and the item: name a file, or use COSMOS_KEY"
                .to_owned(),
        ));
    }
    let account = Account::open(settings).await?;
    let container = account.container()?;
    let shown = arguments.file.display().to_string();
    let file = arguments.file;
    // On another thread, so that Ctrl-C is heard while standard input is waited for.
    let body = tokio::task::spawn_blocking(move || {
        if from_stdin {
            let mut body = Vec::new();
            return io::stdin().read_to_end(&mut body).map(|_| body);
        }
        fs::read(file)
    });
    let body = body.await.map_err(io::Error::other).and_then(|read| read);
    let body = body.map_err(Failure::io(&shown))?;
    let wrong = |what: &dyn std::fmt::Display| Failure::Usage(format!("{shown}: {what}"));
    let members: Members<'_> = serde_json::from_slice(&body).map_err(|error| wrong(&error))?;
    let id = item::id(&members).map_err(|what| wrong(&what))?;
    let id = id.ok_or_else(|| wrong(&"the item has no id"))?;

    let definition = account.traced(container.read().await)?.into_value()?;
    let key = KeyPaths::of(&definition)?.key(&members);
    let key = item::whole_key(&key.map_err(|what| wrong(&what))?);
    let mut options = ItemOptions::new();
    if let Some(etag) = arguments.if_match {
        options = options.if_match(etag);
    }
    let container = container.with(options);
    let answer = if arguments.create {
        container.create_item_bytes(key, body.as_slice()).await
    } else {
        container.upsert_item_bytes(key, body.as_slice()).await
    };
    let done = account.traced(answer)?;
    let verb = if done.status == 201 {
        "created"
    } else {
        "replaced"
    };
    let etag = done.etag().unwrap_or("-");
    let charge = done.request_charge();
    super::print(format!("{verb} {id}  etag {etag}  {charge:.2} RU\n").as_bytes())
}
