//! Resource ids (spec data-plane §3.7): bytes of the owner, then those of the resource, in base64 with `-` for `/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The number of a container's first document. Its successors soon need a second byte, so that the order of the
/// texts is not that of the documents.
const FIRST_DOCUMENT: u64 = 250;

/// The database of this number, from 1: four bytes.
pub(super) fn database(number: u32) -> Vec<u8> {
    (0x5B1F_0000 + number).to_be_bytes().to_vec()
}

/// The container of this number, from 1, of a database: eight bytes, the fifth with its highest bit set.
pub(super) fn container(database: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = database.to_vec();
    bytes.extend((0x8000_0000 | number).to_be_bytes());
    bytes
}

/// The number of the document that a container made after so many others.
pub(super) fn ordinal(made: u64) -> u64 {
    FIRST_DOCUMENT + made
}

/// A document of a container: sixteen bytes, the number last with its lowest byte first.
pub(super) fn document(container: &[u8], ordinal: u64) -> Vec<u8> {
    let mut bytes = container.to_vec();
    bytes.extend(ordinal.to_le_bytes());
    bytes
}

/// The number of a document; none if the text is no document's.
pub(super) fn ordinal_of(text: &str) -> Option<u64> {
    let bytes = STANDARD.decode(text.replace('-', "/")).ok()?;
    let number = bytes.get(8..16)?.try_into().ok()?;
    Some(u64::from_le_bytes(number))
}

/// The text of the bytes.
pub(super) fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::{container, database, document, ordinal, ordinal_of, text};

    #[test]
    fn documents_are_numbered_in_their_ids() {
        let owner = container(&database(1), 1);
        assert_eq!((owner.len(), owner[4] >> 7), (8, 1));
        let ids: Vec<String> = (0..10)
            .map(|made| text(&document(&owner, ordinal(made))))
            .collect();
        assert!(!ids.is_sorted(), "as texts");
        let numbers: Option<Vec<u64>> = ids.iter().map(|id| ordinal_of(id)).collect();
        assert_eq!(numbers.unwrap(), (250..260).collect::<Vec<u64>>());
        assert_eq!((ordinal_of("x"), ordinal_of(&text(&owner))), (None, None));
    }
}
