//! A container that answers the queries: it reads their text, so that a wrong one finds the wrong items.

use serde_json::Value;

use super::*;
use crate::core::ranges::Tile;
use crate::wire::epk::Epk;
use crate::wire::item::key_component;

pub(super) struct World {
    pub(super) ranges: RangeMap,
    /// In the order of the hash space.
    pub(super) items: Vec<(Epk, String)>,
    pub(super) requests: usize,
}

impl World {
    pub(super) fn new(rows: Vec<String>, definition: &PartitionKeyDefinition) -> Self {
        let place = |row: String| {
            let component = |path: &String| key_component(row.as_bytes(), path).unwrap();
            let key: Vec<_> = definition.paths.iter().map(component).collect();
            (effective_partition_key(&key, definition.hash).unwrap(), row)
        };
        let mut items: Vec<_> = rows.into_iter().map(place).collect();
        items.sort();
        Self {
            ranges: ranges(0, &[]),
            items,
            requests: 0,
        }
    }

    /// Answers a unit of a driver that knows these partitions; not if they are not there any more.
    pub(super) fn ask(
        &mut self,
        unit: &Unit,
        known: &RangeMap,
        page_size: usize,
    ) -> Option<Answer> {
        self.requests = self.requests.saturating_add(1);
        let [Tile { range, slice: part }] = &*known.tiles(&unit.slice) else {
            return None;
        };
        assert_eq!(*part, unit.slice);
        self.ranges.by_id(&range.id)?;
        match &unit.ask {
            Ask::Item(item) => Some(self.read(item)),
            Ask::Query { body, continuation } => {
                let (from, bound) = match continuation {
                    None => (0, body.as_slice()),
                    Some(text) => {
                        let (from, bound) = text.split_once(' ').unwrap();
                        (from.parse().unwrap(), bound.as_bytes())
                    }
                };
                assert_eq!(bound, body.as_slice(), "a continuation of another body");
                Some(self.query(body, &unit.slice, from, page_size))
            }
        }
    }

    fn read(&self, item: &ItemId) -> Answer {
        let is_it = |(_, row): &&(Epk, String)| {
            let row: Value = serde_json::from_str(row).unwrap();
            row["id"] == item.id.as_str()
        };
        let mut found = self.items.iter().filter(is_it);
        let place = |(point, _): &&(Epk, String)| {
            let hash = if item.key.len() > 1 {
                KeyHash::Multi
            } else {
                KeyHash::V2
            };
            *point == effective_partition_key(&item.key, hash).unwrap()
        };
        match found.find(place) {
            Some((_, row)) => Answer::Item(row.clone().into()),
            None => Answer::Absent,
        }
    }

    fn query(&self, body: &[u8], slice: &EpkRange, from: usize, page_size: usize) -> Answer {
        let (mut rows, mut seen, mut more) = (Vec::new(), from, false);
        for (place, (point, row)) in self.items.iter().enumerate().skip(from) {
            if asks_for(body, row) && slice.holds(point) {
                if rows.len() == page_size {
                    more = true;
                    break;
                }
                rows.push(row.as_str());
                seen = place + 1;
            }
        }
        let next = format!("{seen} {}", String::from_utf8_lossy(body));
        page(&rows, more.then_some(next.as_str()))
    }
}

/// Whether a query asks for this row.
pub(crate) fn asks_for(body: &[u8], row: &str) -> bool {
    let request: Value = serde_json::from_slice(body).unwrap();
    let parameters = request["parameters"].as_array().unwrap().iter();
    let values = parameters.map(|parameter| parameter["value"].clone());
    let text = request["query"].as_str().unwrap();
    let mut condition = Condition {
        rest: text.strip_prefix("SELECT * FROM c WHERE ").unwrap(),
        item: &serde_json::from_str(row).unwrap(),
        parameters: &values.collect::<Vec<_>>(),
    };
    let holds = condition.any();
    assert_eq!(condition.rest, "");
    holds
}

/// Reads and evaluates a condition at once.
struct Condition<'a> {
    rest: &'a str,
    item: &'a Value,
    parameters: &'a [Value],
}

impl Condition<'_> {
    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.eat(" OR ") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.eat(" AND ") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.eat("(") {
            let holds = self.any();
            assert!(self.eat(")"));
            return holds;
        }
        for (function, expected) in [("IS_NULL(", Some(Value::Null)), ("NOT IS_DEFINED(", None)] {
            if self.eat(function) {
                let value = self.property();
                assert!(self.eat(")"));
                return value == expected;
            }
        }
        let value = self.property();
        if self.eat(" = ") {
            return value == Some(self.parameter());
        }
        assert!(self.eat(" IN ("), "{}", self.rest);
        let mut found = false;
        loop {
            found |= value == Some(self.parameter());
            if !self.eat(",") {
                break;
            }
        }
        assert!(self.eat(")"));
        found
    }

    fn property(&mut self) -> Option<Value> {
        if self.eat("c.id") {
            return self.item.get("id").cloned();
        }
        assert!(self.eat("c"), "{}", self.rest);
        let mut value = Some(self.item);
        while self.eat("[\"") {
            let (name, rest) = self.rest.split_once("\"]").unwrap();
            value = value.and_then(|value| value.get(name));
            self.rest = rest;
        }
        value.cloned()
    }

    fn parameter(&mut self) -> Value {
        assert!(self.eat("@p"), "{}", self.rest);
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        self.parameters[number.parse::<usize>().unwrap()].clone()
    }
}
