//! A plugin that tries what it must not. The first word of its input says what, the others how; it answers with what it
//! got, or with the error that it saw.

mod attack;
mod exhaust;
mod memory;

use plugin_sdk::exports::example::plugins::job::{Guest, Place};

struct Hostile;

impl Guest for Hostile {
    fn run(place: Place, input: String) -> Result<String, String> {
        let (what, how) = input.split_once(' ').unwrap_or((&input, ""));
        match what {
            // What the policy forbids.
            "read" => attack::read(&place, how),
            "raw" => attack::raw(&place, how),
            "header" => attack::header(&place, how),
            "create-container" => attack::create_container(&place, how),
            "delete-container" => attack::delete_container(&place),
            "delete-database" => attack::delete_database(&place),
            "procedure" => attack::procedure(&place),
            "elsewhere" => attack::elsewhere(&place, how),
            "backup" => attack::backup(&place, how),
            "own-key" => attack::own_key(&place, how),
            // What the limits forbid.
            "loop" => exhaust::endless(),
            "recurse" => Ok(exhaust::recurse(1).to_string()),
            "calls" => exhaust::calls(&place),
            "allocate" => exhaust::allocate(how),
            "send" => exhaust::send(&place, how),
            "answer" => Ok("x".repeat(exhaust::number(how)?)),
            "drivers" => exhaust::drivers(&place, how),
            "feeds" => exhaust::feeds(&place, how),
            // What must not be there.
            "search" => memory::search(how),
            _ => Err(format!("{what:?} is none of the attacks")),
        }
    }
}

/// What the host calls.
#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Hostile;

    plugin_sdk::export!(Hostile with_types_in plugin_sdk);
}
