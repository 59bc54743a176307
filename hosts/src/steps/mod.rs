//! Between steps and values of the contract. Only names of the contract's types are used: the components that take part are
//! made of these files too, each with the types of its own bindings.

pub(crate) mod answer;
pub(crate) mod operation;

use crate::{no_feed_options, no_options, types};
