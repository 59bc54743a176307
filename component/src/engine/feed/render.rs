//! Pages that the driver puts together.

use crate::core::feed::Row;

/// A body like the service's.
pub(super) fn render(rows: &[Row]) -> Vec<u8> {
    let mut size = 40_usize;
    for row in rows {
        size = size.saturating_add(row.bytes().len()).saturating_add(1);
    }
    let mut body = Vec::with_capacity(size);
    body.extend_from_slice(b"{\"Documents\":");
    let mut separator = b'[';
    for row in rows {
        body.push(separator);
        body.extend_from_slice(row.bytes());
        separator = b',';
    }
    if rows.is_empty() {
        body.push(separator);
    }
    body.extend_from_slice(b"],\"_count\":");
    body.extend_from_slice(rows.len().to_string().as_bytes());
    body.push(b'}');
    body
}
