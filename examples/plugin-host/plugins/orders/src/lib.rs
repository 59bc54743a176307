//! A useful plugin: marks an order as paid, and tells what of the customer is still open.
//!
//! Orders look like `{"id":"1","customer":"ada","status":"open","total":12.5}`, in a container with the partition key
//! `/customer`. Input: the customer and the order's id, with a blank between them. Answer: `1 is paid; open: 2, 3`.

use plugin_sdk::cosmosdb::driver::driver::{Driver, Feed};
use plugin_sdk::cosmosdb::driver::types::{
    ErrorKind, FeedOperation, FeedScope, KeyComponent, Operation, Precondition, QueryItems,
    QueryParameter, ReadItem, ReplaceItem,
};
use plugin_sdk::exports::example::plugins::job::{Guest, Place};
use plugin_sdk::{container, feed_options, item, open, options, told};
use serde_json::{Map, Value};

/// How often somebody else may be faster.
const TRIES: usize = 5;

struct Orders;

impl Guest for Orders {
    fn run(place: Place, input: String) -> Result<String, String> {
        let (customer, id) = input
            .split_once(' ')
            .ok_or("say the customer and the order's id, with a blank between them")?;
        let driver = open(&place).map_err(|rejection| rejection.message)?;
        let shop = Shop {
            driver,
            place,
            customer,
        };
        shop.pay(id)?;
        let open = shop.open_orders()?;
        let open = if open.is_empty() {
            "nothing".to_owned()
        } else {
            open.join(", ")
        };
        Ok(format!("{id} is paid; open: {open}"))
    }
}

/// One customer's orders.
struct Shop<'a> {
    driver: Driver,
    place: Place,
    customer: &'a str,
}

impl Shop<'_> {
    /// Reads the order and replaces it, if nobody else has changed it in between; else again.
    fn pay(&self, id: &str) -> Result<(), String> {
        let order = item(container(&self.place), id, self.customer);
        for _ in 0..TRIES {
            let read = Operation::ReadItem(ReadItem {
                item: order.clone(),
                precondition: None,
                session_token: None,
            });
            let read = self
                .driver
                .execute(&read, &options())
                .map_err(|error| told(&error))?;
            let mut value = object(&read.body)?;
            if value.get("status") == Some(&"paid".into()) {
                return Err(format!("{id} was paid before"));
            }
            value.insert("status".to_owned(), "paid".into());
            let replace = Operation::ReplaceItem(ReplaceItem {
                item: order.clone(),
                body: Value::Object(value).to_string().into_bytes(),
                precondition: read.headers.etag.map(Precondition::IfMatch),
                session_token: read.headers.session_token,
            });
            match self.driver.execute(&replace, &options()) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind == ErrorKind::PreconditionFailed => {}
                Err(error) => return Err(told(&error)),
            }
        }
        Err(format!("{id} is being changed by others: try again later"))
    }

    /// The ids of the orders that are not paid.
    fn open_orders(&self) -> Result<Vec<String>, String> {
        let query = FeedOperation::QueryItems(QueryItems {
            container: container(&self.place),
            scope: FeedScope::Key(vec![KeyComponent::Text(self.customer.to_owned())]),
            text: "SELECT * FROM c WHERE c.status = @status".to_owned(),
            parameters: vec![QueryParameter {
                name: "@status".to_owned(),
                value: br#""open""#.to_vec(),
            }],
            query_metrics: false,
            index_metrics: false,
        });
        let feed = self.driver.open_feed(&query, &feed_options(), &options());
        let feed = feed.map_err(|rejection| rejection.message)?;
        let mut ids = Vec::new();
        while let Some(page) = next_page(&feed)? {
            let rows = page.get("Documents").and_then(Value::as_array);
            let id = |order: &Value| order.get("id")?.as_str().map(str::to_owned);
            ids.extend(rows.into_iter().flatten().filter_map(id));
        }
        ids.sort();
        Ok(ids)
    }
}

/// None after the last one.
fn next_page(feed: &Feed) -> Result<Option<Map<String, Value>>, String> {
    let page = feed.next_page().map_err(|error| told(&error))?;
    (page.status != 204).then(|| object(&page.body)).transpose()
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the account sent no JSON object: {error}"))
}

/// What the host calls.
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Orders;

    plugin_sdk::export!(Orders with_types_in plugin_sdk);
}
