//! What to read: checked, completed, placed in the hash space, and each thing once (spec data-plane §4.2, steps 1 to 4).

use std::cmp::Ordering;
use std::fmt;

use super::super::error::{Error, ErrorKind, Result};
use super::super::operation::PartitionKey;
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::epk::{self, KeyHash};
use crate::wire::epk_range::EpkRange;
use crate::wire::item;
use crate::wire::key::{self, KeyComponent};
use crate::wire::read_many_query::is_id;

/// More inputs are refused: their memory would not be bounded.
pub const MAX_INPUTS: usize = 100_000;

/// The service's limit for an id, in bytes.
const MAX_ID_BYTES: usize = 1023;

/// Names one item.
#[derive(Clone, PartialEq)]
pub struct ItemId {
    /// Its id.
    pub id: String,
    /// Its partition key value. Where the last path of the container's key is `/id`, that component may be left out.
    pub key: PartitionKey,
}

/// What to read.
#[derive(Clone, PartialEq)]
pub enum Input {
    /// These items.
    Items(Vec<ItemId>),
    /// All items of these partition keys; in containers with hierarchical keys also of beginnings of keys.
    PartitionKeys(Vec<PartitionKey>),
}

impl Input {
    /// How many inputs there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::PartitionKeys(keys) => keys.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks how many inputs there are.
    ///
    /// # Errors
    /// `invalid-argument`: none, or more than [`MAX_INPUTS`].
    pub fn check(&self) -> Result<()> {
        let count = self.len();
        if (1..=MAX_INPUTS).contains(&count) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "a read of many items takes 1 to {MAX_INPUTS} inputs, this one has {count}: split it, or do not call it for \
             nothing"
        )))
    }
}

// Ids and partition key values are the user's data: they stay out of logs.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Items(_) => "Items",
            Self::PartitionKeys(_) => "PartitionKeys",
        })
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemId")
    }
}

/// One thing to look for.
#[derive(Debug)]
pub(super) struct Entry {
    /// The item's id, none for whole partition keys.
    pub(super) id: Option<String>,
    pub(super) key: PartitionKey,
    /// Where it lies: a point, as the slice that begins with it and ends there, or all keys with this beginning.
    pub(super) slice: EpkRange,
}

impl Entry {
    /// Whether it lies at one point.
    pub(super) fn is_point(&self) -> bool {
        self.slice.is_empty()
    }

    /// Whether any of it lies in the slice.
    pub(super) fn reaches_into(&self, slice: &EpkRange) -> bool {
        if self.is_point() {
            return slice.holds(&self.slice.min);
        }
        self.slice.intersection(slice).is_some()
    }

    /// By place, and in one place by key and id: what is equal stands together, and a beginning before what it covers.
    fn order(&self, other: &Self) -> Ordering {
        let place = self.slice.min.cmp(&other.slice.min);
        let keys = || order_keys(&self.key, &other.key);
        place.then_with(keys).then_with(|| self.id.cmp(&other.id))
    }

    /// Whether what the other one asks for is a part of what this one does.
    fn covers(&self, other: &Self) -> bool {
        self.id == other.id && other.key.starts_with(&self.key)
    }
}

/// The things to look for, each once, by place in the hash space; and for each input, which of them it is.
pub(super) fn resolve(
    input: &Input,
    definition: &PartitionKeyDefinition,
) -> Result<(Vec<Entry>, Vec<u32>)> {
    let count = input.len();
    let mut all = Vec::with_capacity(count);
    match input {
        Input::Items(items) => {
            for (place, item) in items.iter().enumerate() {
                all.push((place, of_item(place, item, definition)?));
            }
        }
        Input::PartitionKeys(keys) => {
            for (place, key) in keys.iter().enumerate() {
                all.push((place, of_key(place, key, definition)?));
            }
        }
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut entry_of = vec![0; count];
    for (place, entry) in sorted(all) {
        if !entries.last().is_some_and(|last| last.covers(&entry)) {
            entries.push(entry);
        }
        if let Some(of) = entry_of.get_mut(place) {
            *of = u32::try_from(entries.len().saturating_sub(1)).unwrap_or(u32::MAX);
        }
    }
    Ok((entries, entry_of))
}

/// A stable merge sort. The standard library's would be eight kilobytes of code.
fn sorted(mut all: Vec<(usize, Entry)>) -> Vec<(usize, Entry)> {
    if all.len() < 2 {
        return all;
    }
    let right = sorted(all.split_off(all.len() / 2));
    let left = sorted(all);
    let mut merged = Vec::with_capacity(left.len().saturating_add(right.len()));
    let mut right = right.into_iter().peekable();
    for one in left {
        while let Some(other) = right.next_if(|other| other.1.order(&one.1).is_lt()) {
            merged.push(other);
        }
        merged.push(one);
    }
    merged.extend(right);
    merged
}

fn of_item(place: usize, item: &ItemId, definition: &PartitionKeyDefinition) -> Result<Entry> {
    let ItemId { id, key } = item;
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(refuse(
            place,
            "has an id that is empty or longer than 1023 bytes: give the id of an item",
        ));
    }
    let mut key = key.clone();
    let paths = &definition.paths;
    let by_id = paths.last().is_some_and(|path| is_id(path));
    if by_id && key.len().saturating_add(1) == paths.len() {
        key.push(KeyComponent::Text(id.clone()));
    }
    if key.len() != paths.len().max(1) {
        return Err(wrong_count(place, key.len(), definition));
    }
    for (path, component) in paths.iter().zip(&key) {
        let same = matches!(component, KeyComponent::Text(text) if text == id);
        if is_id(path) && !same {
            return Err(refuse(
                place,
                "has a partition key that differs from its id, but in this container the key is the id: give the same value \
                 or leave the component out",
            ));
        }
    }
    entry(place, Some(id.clone()), key, definition)
}

fn of_key(place: usize, key: &PartitionKey, definition: &PartitionKeyDefinition) -> Result<Entry> {
    let complete = definition.paths.len().max(1);
    let hierarchical = definition.hash == KeyHash::Multi;
    let enough = key.len() == complete || (hierarchical && !key.is_empty());
    if !enough || key.len() > complete {
        return Err(wrong_count(place, key.len(), definition));
    }
    entry(place, None, key.clone(), definition)
}

fn entry(
    place: usize,
    id: Option<String>,
    key: PartitionKey,
    definition: &PartitionKeyDefinition,
) -> Result<Entry> {
    if let Err(invalid) = key::header_value(&key) {
        return Err(refuse(place, &format!("is refused: {invalid}")));
    }
    let (min, max) = if key.len() < definition.paths.len() {
        epk::prefix_range(&key)?
    } else {
        let point = epk::effective_partition_key(&key, definition.hash)?;
        (point.clone(), point)
    };
    let slice = EpkRange { min, max };
    Ok(Entry { id, key, slice })
}

fn wrong_count(place: usize, given: usize, definition: &PartitionKeyDefinition) -> Box<Error> {
    let paths = definition.paths.join(", ");
    let expected = definition.paths.len().max(1);
    refuse(
        place,
        &format!(
            "has a partition key of {given} component(s), this container's has {expected} ({paths}): give one for each \
             path, undefined where the item has no such property"
        ),
    )
}

fn refuse(place: usize, why: &str) -> Box<Error> {
    Error::invalid(format!("input {place} (counted from 0) {why}"))
}

/// A total order that agrees with equality: by type, then by value.
fn order_keys(one: &[KeyComponent], other: &[KeyComponent]) -> Ordering {
    for (one, other) in one.iter().zip(other) {
        let order = order(one, other);
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

fn order(one: &KeyComponent, other: &KeyComponent) -> Ordering {
    match (one, other) {
        (KeyComponent::Boolean(one), KeyComponent::Boolean(other)) => one.cmp(other),
        // Adding zero makes one of both zeros.
        (KeyComponent::Number(one), KeyComponent::Number(other)) => {
            (one + 0.0).total_cmp(&(other + 0.0))
        }
        (KeyComponent::Text(one), KeyComponent::Text(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(component: &KeyComponent) -> u8 {
    match component {
        KeyComponent::Undefined => 0,
        KeyComponent::Null => 1,
        KeyComponent::Boolean(_) => 2,
        KeyComponent::Number(_) => 3,
        KeyComponent::Text(_) => 4,
    }
}

/// Which of these entries a row is.
pub(super) fn find(entries: &[Entry], among: &[u32], paths: &[String], row: &[u8]) -> Result<u32> {
    let id = item::id(row);
    let mut found = None;
    for place in among {
        let entry = usize::try_from(*place).ok().and_then(|at| entries.get(at));
        let Some(entry) = entry.filter(|entry| entry.id == id) else {
            continue;
        };
        // Nearly always the id says it all; reading the key is for ids that several keys have.
        match found {
            None => found = Some((*place, entry)),
            Some((_, first)) if has_key(row, paths, &first.key) => break,
            Some(_) => found = Some((*place, entry)),
        }
    }
    match found {
        Some((place, _)) => Ok(place),
        None => Err(Error::new(
            ErrorKind::Service,
            "the answer to a query holds an item that was not asked for",
        )),
    }
}

fn has_key(row: &[u8], paths: &[String], key: &[KeyComponent]) -> bool {
    paths.iter().zip(key).all(|(path, expected)| {
        match (item::key_component(row, path), expected) {
            // Parsers differ in a number's last bit.
            (Some(KeyComponent::Number(one)), KeyComponent::Number(other)) => {
                (one - other).abs() <= other.abs() * f64::EPSILON
            }
            (found, expected) => found.as_ref() == Some(expected),
        }
    })
}
