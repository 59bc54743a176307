//! Which physical partition a request goes to.

use std::rc::Rc;

/// A physical partition: a partition key range of one container. Cheap to clone and to compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// The container's resource id.
    pub container: Rc<str>,
    /// The id of the partition key range.
    pub range: Rc<str>,
}
