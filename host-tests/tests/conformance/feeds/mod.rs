//! Feeds other than queries, against an account that has several physical partitions.

mod change_feed;
mod clients;
mod hostile;
mod items;
mod read_feed;
mod read_many;
mod resources;
mod scene;
