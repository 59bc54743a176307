//! `cosmos query`

use std::io::{self, IsTerminal as _};

use clap::Args;
use cosmosdb_driver_host::Query;
use serde_json::value::RawValue;

use crate::account::Account;
use crate::failure::Failure;
use crate::item;
use crate::output::{Format, Rows};

const EXAMPLES: &str = "\
Without --output: a table on a terminal, JSON lines elsewhere. Each page is printed as it arrives.

Examples:
  cosmos query \"SELECT * FROM c WHERE c.price < @most ORDER BY c.price\" -p most=9.99
  cosmos query \"SELECT c.id, c.price FROM c\" -k contoso --output csv > prices.csv
  cosmos query \"SELECT VALUE COUNT(1) FROM c\" --trace";

/// Arguments of `query`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The query, in Cosmos DB's SQL.
    text: String,
    /// The value of a parameter: NAME=VALUE. A value that is JSON is that; anything else is text.
    #[arg(long = "parameter", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Only the items of this partition key; see `cosmos read --help`.
    #[arg(long, short = 'k', value_name = "VALUE")]
    partition_key: Vec<String>,
    /// How rows are printed.
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// Columns of tables and CSV, in this order. Default: those of the first page, without the service's own.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Rows of a page. Default: the service decides.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
    /// Stop after so many rows.
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
}

/// Prints the rows. See the driver's `query-items` for what is sent.
pub(crate) async fn run(account: &Account, arguments: Arguments) -> Result<(), Failure> {
    let container = account.container()?;
    let feed = container.query_items(query(&arguments)?).await?;
    let mut rows = Rows::stdout(arguments.output, arguments.columns);
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    let (mut printed, mut pages, mut charge) = (0_u64, 0_u64, 0.0);
    while left > 0
        && let Some(page) = account.traced_page(feed.next_page().await)?
    {
        let count = rows.page(&page, left)?;
        left = left.saturating_sub(count);
        printed = printed.saturating_add(count);
        pages = pages.saturating_add(1);
        charge += page.request_charge();
    }
    rows.end();
    if io::stderr().is_terminal() {
        eprintln!("{printed} rows, {pages} pages, {charge:.2} RU");
    }
    Ok(())
}

fn query(arguments: &Arguments) -> Result<Query, Failure> {
    let mut query = Query::new(&arguments.text);
    for parameter in &arguments.parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(Failure::Usage(format!(
                "the parameter `{parameter}` has no value: write {parameter}=VALUE"
            )));
        };
        let name = format!("@{}", name.trim_start_matches('@'));
        query = match serde_json::from_str::<&RawValue>(value) {
            Ok(json) => query.parameter(name, json),
            Err(_) => query.parameter(name, value),
        };
    }
    if let Some(key) = item::typed_key(&arguments.partition_key)? {
        query = query.in_key(key);
    }
    if let Some(rows) = arguments.page_size {
        query = query.max_item_count(rows);
    }
    Ok(query)
}
