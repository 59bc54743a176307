//! Faults of every kind between driver and service: what the caller is told, what the server saw, and that the same
//! driver answers afterwards.

mod bodies;
mod connections;
mod metadata;
mod statuses;
mod timeouts;
mod uploads;
