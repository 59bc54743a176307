//! Fault rules: what they do to operations, and to the servers that see what is left of them.

mod clients;
mod rules;
mod scenarios;
