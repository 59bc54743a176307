//! Partition key values.

use crate::types::KeyComponent;

/// The partition key value of an item: one component for each path of the container's partition key.
///
/// Made from a string, a number, a boolean, or, for hierarchical keys, a tuple of two or three of them. Numbers
/// become 64-bit floats, as in the service: integers beyond 2⁵³ are rounded.
///
/// ```
/// use cosmosdb_driver_host::PartitionKey;
/// use cosmosdb_driver_host::types::KeyComponent;
///
/// let simple = PartitionKey::from("contoso");
/// let hierarchical = PartitionKey::from(("contoso", 7, KeyComponent::Null));
/// assert_eq!(hierarchical.components().count(), 3);
/// assert_ne!(PartitionKey::NULL, PartitionKey::UNDEFINED);
/// # drop(simple);
/// ```
#[derive(Debug, Clone)]
pub struct PartitionKey {
    first: KeyComponent,
    rest: Vec<KeyComponent>,
}

impl PartitionKey {
    /// The property is the JSON value `null`.
    pub const NULL: Self = Self {
        first: KeyComponent::Null,
        rest: Vec::new(),
    };
    /// The item has no such property. Not the same as [`NULL`](Self::NULL).
    pub const UNDEFINED: Self = Self {
        first: KeyComponent::Undefined,
        rest: Vec::new(),
    };

    /// Its components in the order of the container's paths.
    pub fn components(&self) -> impl Iterator<Item = &KeyComponent> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    pub(crate) fn into_wit(self) -> Vec<KeyComponent> {
        let mut components = self.rest;
        components.insert(0, self.first);
        components
    }
}

impl PartialEq for PartitionKey {
    fn eq(&self, other: &Self) -> bool {
        self.components().eq(other.components())
    }
}

impl PartialEq for KeyComponent {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }
}

impl<A: Into<KeyComponent>> From<A> for PartitionKey {
    fn from(first: A) -> Self {
        Self {
            first: first.into(),
            rest: Vec::new(),
        }
    }
}

impl<A: Into<KeyComponent>, B: Into<KeyComponent>> From<(A, B)> for PartitionKey {
    fn from((first, second): (A, B)) -> Self {
        Self {
            first: first.into(),
            rest: vec![second.into()],
        }
    }
}

impl<A, B, C> From<(A, B, C)> for PartitionKey
where
    A: Into<KeyComponent>,
    B: Into<KeyComponent>,
    C: Into<KeyComponent>,
{
    fn from((first, second, third): (A, B, C)) -> Self {
        Self {
            first: first.into(),
            rest: vec![second.into(), third.into()],
        }
    }
}

impl From<&str> for KeyComponent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for KeyComponent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for KeyComponent {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for KeyComponent {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for KeyComponent {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for KeyComponent {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for KeyComponent {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<i64> for KeyComponent {
    fn from(value: i64) -> Self {
        Self::Number(value as f64)
    }
}

impl From<u64> for KeyComponent {
    fn from(value: u64) -> Self {
        Self::Number(value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_keep_their_order_and_types() {
        let key = PartitionKey::from(("contoso", 7_i64, true));
        let expected = [
            KeyComponent::Text("contoso".to_owned()),
            KeyComponent::Number(7.0),
            KeyComponent::Boolean(true),
        ];
        assert_eq!(key.into_wit(), expected);
        assert_eq!(
            PartitionKey::from(("a", KeyComponent::Undefined))
                .components()
                .count(),
            2
        );
        assert_eq!(PartitionKey::from(KeyComponent::Null), PartitionKey::NULL);
        assert_ne!(PartitionKey::from("7"), PartitionKey::from(7));
        assert_ne!(PartitionKey::from("a"), PartitionKey::from(("a", "b")));
    }
}
