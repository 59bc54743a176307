//! Reciprocal rank fusion.

use std::cmp::Ordering;

use super::super::envelope::Head;
use super::super::error::{FeedError, Result};
use super::Hybrid;
use crate::wire::value::{Number, elements, members};

/// How slowly a rank loses weight.
const RANK_OFFSET: f64 = 60.0;

/// The rows of all rankings, each item once, best first. Ties go by `_rid`.
///
/// An item gets `weight / (60 + rank)` from each component, where equal scores share a rank, and ranks are counted from
/// 1 without gaps.
pub(super) fn fused(mut rows: Vec<Head>, plan: &Hybrid) -> Result<Vec<Head>> {
    rows.sort_by(|one, other| one.rid.cmp(&other.rid));
    rows.dedup_by(|one, other| one.rid == other.rid);
    if rows.len() < 2 {
        return Ok(rows);
    }
    let mut scores = Vec::with_capacity(rows.len());
    for row in &rows {
        scores.push(component_scores(row, plan.components.len())?);
    }
    let mut fused = vec![0.0_f64; rows.len()];
    for (place, component) in plan.components.iter().enumerate() {
        let weight = plan.weights.get(place).copied().unwrap_or(1.0);
        let descending = component.order.first().is_none_or(|order| order.descending);
        let mut column = Vec::with_capacity(rows.len());
        for (row, scores) in scores.iter().enumerate() {
            if let Some(score) = scores.get(place) {
                column.push((*score, row));
            }
        }
        rank(&mut column, descending, |row, rank| {
            if let Some(fused) = fused.get_mut(row) {
                *fused += weight / (RANK_OFFSET + rank as f64);
            }
        });
    }
    let mut ranked: Vec<(f64, Head)> = fused.into_iter().zip(rows).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(ranked.into_iter().map(|(_, row)| row).collect())
}

/// Tells the rank of each row.
fn rank(column: &mut [(Number, usize)], descending: bool, mut tell: impl FnMut(usize, u64)) {
    let compare = |one: &Number, other: &Number| -> Ordering {
        let order = one.cmp(other);
        if descending { order.reverse() } else { order }
    };
    column.sort_by(|one, other| compare(&one.0, &other.0));
    let (mut rank, mut last) = (0_u64, None);
    for (score, row) in column.iter() {
        if last != Some(*score) {
            rank = rank.saturating_add(1);
            last = Some(*score);
        }
        tell(*row, rank);
    }
}

/// The `componentScores` of a row's payload, one for each component.
fn component_scores(row: &Head, components: usize) -> Result<Vec<Number>> {
    let malformed = FeedError::Malformed("a row of a hybrid search lacks scores");
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
        return Err(malformed);
    }
    Ok(scores)
}
