//! Feeds of a container of many partitions that answers as the service does.

mod backend;
mod changes;
mod cursors;
mod ends;
mod items;
mod keys;
mod limits;
mod many;
mod moves;
mod resources;
mod rows;
mod tokens;
