//! More of everything than there is.

use std::hint::black_box;

use plugin_sdk::cosmosdb::driver::types::{
    FeedOperation, FeedScope, KeyComponent, Operation, ReadFeed, WriteItem,
};
use plugin_sdk::exports::example::plugins::job::Place;
use plugin_sdk::{container, feed_options, open, options, told};

use crate::attack::point_read;

type Answer = Result<String, String>;

pub(crate) fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

pub(crate) fn endless() -> Answer {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

#[allow(unconditional_recursion, reason = "that is the attack")]
pub(crate) fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth.wrapping_add(1)))).wrapping_add(1)
}

/// Reads for ever, whatever comes back.
pub(crate) fn calls(place: &Place) -> Answer {
    let driver = open(place).map_err(|rejection| rejection.message)?;
    let read = point_read(container(place), "1");
    loop {
        black_box(driver.execute(&read, &options())).ok();
    }
}

/// So many MiB, a MiB at a time.
pub(crate) fn allocate(how: &str) -> Answer {
    let mut all = Vec::new();
    for _ in 0..number(how)? {
        all.push(black_box(vec![1_u8; 1 << 20]));
    }
    Ok(all.len().to_string())
}

/// `items bytes`: so many items of so many bytes.
pub(crate) fn send(place: &Place, how: &str) -> Answer {
    let driver = open(place).map_err(|rejection| rejection.message)?;
    let (items, bytes) = how.split_once(' ').unwrap_or((how, "0"));
    let filling = "x".repeat(number(bytes)?);
    for id in 0..number(items)? {
        let body = format!(r#"{{"id":"big{id}","customer":"a","filling":"{filling}"}}"#);
        let create = Operation::UpsertItem(WriteItem {
            container: container(place),
            key: vec![KeyComponent::Text("a".to_owned())],
            body: body.into_bytes(),
            precondition: None,
            session_token: None,
        });
        driver
            .execute(&create, &options())
            .map_err(|error| told(&error))?;
    }
    Ok("all were sent".to_owned())
}

pub(crate) fn drivers(place: &Place, how: &str) -> Answer {
    let mut all = Vec::new();
    for _ in 0..number(how)? {
        all.push(open(place).map_err(|rejection| rejection.message)?);
    }
    Ok(all.len().to_string())
}

pub(crate) fn feeds(place: &Place, how: &str) -> Answer {
    let driver = open(place).map_err(|rejection| rejection.message)?;
    let mut all = Vec::new();
    for _ in 0..number(how)? {
        let feed = FeedOperation::ReadFeed(ReadFeed {
            container: container(place),
            scope: FeedScope::Container,
        });
        let feed = driver.open_feed(&feed, &feed_options(), &options());
        all.push(feed.map_err(|rejection| rejection.message)?);
    }
    Ok(all.len().to_string())
}
