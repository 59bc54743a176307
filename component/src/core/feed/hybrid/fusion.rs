//! Reciprocal rank fusion.

use std::cmp::Ordering;

use super::super::envelope::Head;
use super::super::error::{FeedError, Result};
use super::Hybrid;
use crate::wire::sort::sort;
use crate::wire::value::{Number, elements, members};

/// How slowly a rank loses weight.
const RANK_OFFSET: f64 = 60.0;

/// The rows of all rankings, each item once, best first. Ties go by `_rid`.
///
/// An item gets `weight / (60 + rank)` from each component, where equal scores share a rank, and ranks are counted from
/// 1 without gaps.
pub(super) fn fused(rows: Vec<Head>, plan: &Hybrid) -> Result<Vec<Head>> {
    let mut items = once(rows);
    if items.len() < 2 {
        return Ok(items.into_iter().map(|item| item.head).collect());
    }
    for item in &mut items {
        item.scores = component_scores(&item.head, plan.components.len())?;
    }
    for (place, component) in plan.components.iter().enumerate() {
        let weight = plan.weights.get(place).copied().unwrap_or(1.0);
        let descending = component.order.first().is_none_or(|order| order.descending);
        items = sorted(items, &|one, other| {
            let order = one.scores.get(place).cmp(&other.scores.get(place));
            if descending { order.reverse() } else { order }
        });
        let (mut rank, mut last) = (0_u64, None);
        for item in &mut items {
            let score = item.scores.get(place).copied();
            if last != Some(score) {
                rank = rank.saturating_add(1);
                last = Some(score);
            }
            item.fused += weight / (RANK_OFFSET + rank as f64);
        }
    }
    items = sorted(items, &|one, other| other.fused.total_cmp(&one.fused));
    Ok(items.into_iter().map(|item| item.head).collect())
}

struct Item {
    head: Head,
    scores: Vec<Number>,
    fused: f64,
}

/// Boxed, because sorting moves them about.
type Items = Vec<Box<Item>>;

/// Each item once, by `_rid`.
fn once(rows: Vec<Head>) -> Items {
    let mut items = Items::with_capacity(rows.len());
    for head in rows {
        items.push(Box::new(Item {
            head,
            scores: Vec::new(),
            fused: 0.0,
        }));
    }
    let mut items = sorted(items, &|_, _| Ordering::Equal);
    items.dedup_by(|one, other| one.head.rid == other.head.rid);
    items
}

/// The one sort of this module: by this order, then by `_rid`.
fn sorted(mut items: Items, order: &dyn Fn(&Item, &Item) -> Ordering) -> Items {
    sort(&mut items, &|one, other| {
        let by_id = || one.head.rid.cmp(&other.head.rid);
        order(one, other).then_with(by_id).is_lt()
    });
    items
}

/// The `componentScores` of a row's payload, one for each component.
fn component_scores(row: &Head, components: usize) -> Result<Vec<Number>> {
    let mut scores = Vec::with_capacity(components);
    let payload = row
        .payload
        .as_ref()
        .map_or(&b"{}"[..], |payload| payload.bytes());
    for (name, value) in members(payload) {
        if &*name == b"componentScores" {
            scores.extend(elements(value).map_while(Number::parse));
        }
    }
    if scores.len() < components {
        return Err(FeedError::Malformed(
            "a row of a hybrid search lacks scores",
        ));
    }
    Ok(scores)
}
