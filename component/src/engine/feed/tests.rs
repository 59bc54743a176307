//! Queries against a container of many partitions that answers as the service does.

mod backend;
mod ends;
mod keys;
mod limits;
mod many;
mod moves;
mod rows;
mod tokens;
