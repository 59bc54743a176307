//! `cosmos read`

use clap::Args;

use crate::account::Account;
use crate::failure::Failure;
use crate::item;
use crate::output::jsonl;

const EXAMPLES: &str = "\
A component of a partition key that is a JSON number, boolean, null or text in quotes is that; anything else is text.

Examples:
  cosmos read order-1 -k contoso
  cosmos read 7 -k contoso -k 2026          a hierarchical key: its components in order, 2026 a number
  cosmos read 7 -k '\"2026\"' --trace         2026 a text";

/// Arguments of `read`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The item's id.
    id: String,
    /// The item's partition key; of a hierarchical key, each component with a -k of its own.
    #[arg(long, short = 'k', value_name = "VALUE", required = true)]
    partition_key: Vec<String>,
}

/// Prints the item as the service sent it. One GET, besides metadata.
pub(crate) async fn run(account: &Account, arguments: Arguments) -> Result<(), Failure> {
    let container = account.container()?;
    let Some(key) = item::typed_key(&arguments.partition_key)? else {
        return Err(Failure::Usage(
            "no partition key: name it with -k".to_owned(),
        ));
    };
    let answer = container.read_item_bytes(&arguments.id, key).await;
    let body = account.traced(answer)?.into_value()?;
    super::print(&jsonl::line(&body))
}
