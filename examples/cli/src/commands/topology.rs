//! `cosmos topology`

use clap::Args;
use cosmosdb_driver_host::Response;
use cosmosdb_driver_host::types::{
    ErrorKind, FeedOptions, HttpMethod, RawRequest, ResourceCollection,
};
use serde_json::Value;

use crate::account::Account;
use crate::failure::Failure;

const EXAMPLES: &str = "\
The bounds of a partition key range are hashes of partition keys, in hexadecimal digits, the upper one excluded.

Examples:
  cosmos topology
  cosmos topology --database shop --container orders";

/// Arguments of `topology`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Leave out partition key ranges: two requests less for each container.
    #[arg(long)]
    no_ranges: bool,
}

/// Prints regions, containers and ranges: of the account, of one database, or of one container.
///
/// One GET for the account, one for the list of databases, one for each database's list of containers, and two for the
/// ranges of each container; more where lists are long.
pub(crate) async fn run(account: &Account, arguments: &Arguments) -> Result<(), Failure> {
    let properties = get(account, "/", Vec::new()).await?.json()?;
    super::print(regions(account, &properties.into_value()?).as_bytes())?;
    let databases = match &account.database {
        Some(database) => vec![database.clone()],
        None => ids(&list(account, ResourceCollection::Databases).await?),
    };
    for database in databases {
        let collection = ResourceCollection::Containers(database.clone());
        let containers = list(account, collection).await?;
        let wanted = |one: &&Value| match &account.container {
            Some(container) => text(one, "/id") == *container,
            None => true,
        };
        let mut found = containers.iter().filter(wanted).peekable();
        if let (None, Some(container)) = (found.peek(), &account.container) {
            return Err(Failure::Operation(
                ErrorKind::NotFound,
                format!("there is no container {container} in {database}"),
            ));
        }
        for container in found {
            let mut shown = container_line(&database, container);
            if !arguments.no_ranges {
                let path = format!("/dbs/{database}/colls/{}/pkranges", text(container, "/id"));
                shown.push_str(&ranges(account, &path).await?);
            }
            super::print(shown.as_bytes())?;
        }
    }
    Ok(())
}

async fn get(
    account: &Account,
    path: &str,
    headers: Vec<(String, String)>,
) -> Result<Response, Failure> {
    let request = RawRequest {
        method: HttpMethod::Get,
        path: path.to_owned(),
        headers,
        body: None,
    };
    account.traced(account.client.send_raw(request).await)
}

async fn list(account: &Account, collection: ResourceCollection) -> Result<Vec<Value>, Failure> {
    let feed = account
        .client
        .read_resources(collection, FeedOptions::default())
        .await?;
    let mut all = Vec::new();
    while let Some(page) = account.traced_page(feed.next_page().await)? {
        all.extend(page.items::<Value>()?);
    }
    Ok(all)
}

fn ids(resources: &[Value]) -> Vec<String> {
    resources.iter().map(|one| text(one, "/id")).collect()
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let found = value.get(name).and_then(Value::as_array);
    found.map(Vec::as_slice).unwrap_or_default()
}

fn regions(account: &Account, properties: &Value) -> String {
    let level = text(properties, "/userConsistencyPolicy/defaultConsistencyLevel");
    let mut shown = format!("account {}\nconsistency {level}\n", account.endpoint);
    let writable = array(properties, "writableLocations");
    let readable = array(properties, "readableLocations");
    let names = readable.iter().map(|region| text(region, "/name").len());
    let width = names.max().unwrap_or(0);
    for region in readable {
        let name = text(region, "/name");
        let writes = writable.iter().any(|other| text(other, "/name") == name);
        shown.push_str(&format!(
            "region {name:<width$}  {:<12}  {}\n",
            if writes { "reads+writes" } else { "reads" },
            text(region, "/databaseAccountEndpoint"),
        ));
    }
    shown
}

fn container_line(database: &str, container: &Value) -> String {
    let paths = container.pointer("/partitionKey").unwrap_or(&Value::Null);
    let paths: Vec<&str> = array(paths, "paths")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    format!(
        "container {database}/{}  partition key {}\n",
        text(container, "/id"),
        paths.join(", ")
    )
}

/// A line for each range. They are read as changes until there are none, as the driver itself does.
async fn ranges(account: &Account, path: &str) -> Result<String, Failure> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let all = [
        header("a-im", "Incremental Feed"),
        header("x-ms-max-item-count", "-1"),
    ];
    let (mut lines, mut headers) = (String::new(), all.to_vec());
    loop {
        let page = get(account, path, headers).await?;
        let etag = page.headers.etag.clone();
        let feed: Option<Value> = page.json()?.value;
        let found = feed.as_ref().map(|feed| array(feed, "PartitionKeyRanges"));
        let found = found.unwrap_or_default();
        lines.extend(found.iter().map(range));
        match etag.filter(|_| !found.is_empty()) {
            Some(etag) => headers = [&all[..], &[header("if-none-match", &etag)]].concat(),
            None => return Ok(lines),
        }
    }
}

fn range(range: &Value) -> String {
    let bound = |pointer| match text(range, pointer) {
        bound if bound.is_empty() => "-".to_owned(),
        bound => bound,
    };
    format!(
        "  range {:<4}  {} to {}\n",
        text(range, "/id"),
        bound("/minInclusive"),
        bound("/maxExclusive")
    )
}
