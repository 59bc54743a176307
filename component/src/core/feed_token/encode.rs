//! Writing a token.

use super::fingerprint::{Fingerprint, hex};
use super::{Boundary, FeedKind, FeedToken, MAX_TOKEN_BYTES, Node, PREFIX, Refused, Slice, Start};
use crate::wire::base64::{self, Form};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::json::push_text;
use crate::wire::query_plan::Direction;
use crate::wire::rfc3339;

impl FeedToken {
    /// The token as text: ASCII, at most [`MAX_TOKEN_BYTES`].
    ///
    /// # Errors
    /// [`Refused::TooLong`].
    pub fn encode(&self) -> Result<String, Refused> {
        let mut json = String::with_capacity(256);
        json.push_str("{\"op\":");
        json.push_str(match self.kind {
            FeedKind::Query => "\"Query\"",
            FeedKind::ReadFeed => "\"ReadFeed\"",
            FeedKind::ReadMany => "\"ReadMany\"",
            FeedKind::ChangeFeed => "\"ChangeFeed\"",
            FeedKind::AllVersionsChangeFeed => "\"ChangeFeed\",\"cfm\":true",
        });
        member(&mut json, "rid", &self.container);
        member(&mut json, "fingerprint", &self.fingerprint.to_hex());
        json.push_str(",\"root\":");
        push_node(&mut json, &self.root);
        let check = Fingerprint::of(&[json.as_bytes()]);
        member(&mut json, "check", &check.to_hex());
        json.push('}');
        let text = [PREFIX, &base64::encode(Form::Url, json.as_bytes())].concat();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Refused::TooLong);
        }
        Ok(text)
    }
}

fn push_node(json: &mut String, node: &Node) {
    match node {
        Node::Drained => json.push_str("{\"kind\":\"drained\""),
        Node::Request { continuation } => {
            json.push_str("{\"kind\":\"request\"");
            push_continuation(json, continuation.as_deref());
        }
        Node::SequentialDrain { cursor, slices } => {
            json.push_str("{\"kind\":\"sequential_drain\"");
            member(json, "left_most_undrained_epk", &cursor.to_hex());
            push_slices(json, "active_tokens", slices);
        }
        Node::OrderedMerge { directions, slices } => {
            json.push_str("{\"kind\":\"streaming_ordered_merge\",\"directions\":");
            push_list(json, directions.len(), &mut |json, at| {
                let descending = directions.get(at) == Some(&Direction::Descending);
                json.push_str(if descending {
                    "\"Descending\""
                } else {
                    "\"Ascending\""
                });
            });
            push_slices(json, "ranges", slices);
        }
        Node::Changes {
            start,
            turn,
            slices,
        } => {
            json.push_str("{\"kind\":\"unordered_merge\"");
            push_slices(json, "active_tokens", slices);
            json.push_str(",\"start_from\":");
            push_start(json, *start);
            if *turn != Epk::MIN {
                member(json, "next_epk", &turn.to_hex());
            }
        }
        Node::SkipTake { skip, take, child } => {
            json.push_str("{\"kind\":\"skip_take\"");
            number(json, "remaining_skip", *skip);
            if let Some(take) = take {
                number(json, "remaining_take", *take);
            }
            json.push_str(",\"child\":");
            push_node(json, child);
        }
        Node::Distinct { last, child } => {
            json.push_str("{\"kind\":\"distinct\",\"distinct_type\":\"Ordered\"");
            if let Some(last) = last {
                member(json, "last_hash", &hex(*last));
            }
            json.push_str(",\"child\":");
            push_node(json, child);
        }
        Node::ReadMany { slices } => {
            json.push_str("{\"kind\":\"read_many\"");
            push_slices(json, "units", slices);
        }
    }
    json.push('}');
}

fn push_slices(json: &mut String, name: &str, slices: &[Slice]) {
    for part in [",\"", name, "\":"] {
        json.push_str(part);
    }
    push_list(json, slices.len(), &mut |json, at| {
        if let Some(slice) = slices.get(at) {
            push_bounds(json, &slice.range);
            if slice.chunk > 0 {
                number(json, "chunk", slice.chunk);
            }
            push_continuation(json, slice.continuation.as_deref());
            if let Some(boundary) = &slice.boundary {
                push_boundary(json, boundary);
            }
            json.push('}');
        }
    });
}

fn push_boundary(json: &mut String, boundary: &Boundary) {
    let values = boundary.values.join(",");
    for part in [",\"boundary\":{\"resume_values\":[", &values, "]"] {
        json.push_str(part);
    }
    member(json, "last_rid", &boundary.rid);
    number(json, "skip_count", boundary.skip);
    json.push('}');
}

fn push_start(json: &mut String, start: Start) {
    json.push_str(match start {
        Start::Beginning => "{\"kind\":\"beginning\"",
        Start::Now => "{\"kind\":\"now\"",
        Start::At(_) => "{\"kind\":\"point_in_time\"",
    });
    if let Start::At(seconds) = start {
        member(json, "value", &rfc3339::format(seconds));
    }
    json.push('}');
}

/// The beginning of an object with the bounds of a range.
fn push_bounds(json: &mut String, range: &EpkRange) {
    let bound = |json: &mut String, name: &str, point: &Epk| {
        for part in [name, "\":\"", &point.to_hex(), "\""] {
            json.push_str(part);
        }
    };
    bound(json, "{\"min_epk", &range.min);
    bound(json, ",\"max_epk", &range.max);
}

fn push_continuation(json: &mut String, continuation: Option<&str>) {
    if let Some(continuation) = continuation {
        member(json, "server_continuation", continuation);
    }
}

fn push_list(json: &mut String, count: usize, element: &mut dyn FnMut(&mut String, usize)) {
    json.push('[');
    for at in 0..count {
        if at > 0 {
            json.push(',');
        }
        element(json, at);
    }
    json.push(']');
}

/// A further member with a text.
fn member(json: &mut String, name: &str, text: &str) {
    for part in [",\"", name, "\":"] {
        json.push_str(part);
    }
    push_text(json, text);
}

/// A further member with a number.
fn number(json: &mut String, name: &str, number: u64) {
    for part in [",\"", name, "\":", &number.to_string()] {
        json.push_str(part);
    }
}
