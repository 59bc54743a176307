//! What the settings say: one line for each request that is not simply passed on.
//!
//! ```text
//! # of which request  what
//! 1   status 429 3200
//! 2   delay 250
//! 3   refuse
//! 4   lose
//! 5-7 status 503
//! ```
//!
//! Requests count from 1, over all that pass this layer. `status` answers with a status and a sub-status (without one: 0), and
//! nothing is sent. `delay` waits so many milliseconds, then passes on. `refuse` ends as if there were no connection. `lose`
//! sends the request, and drops its answer. Of several lines about a request all delays act, then the first of the others. What
//! is after `#` is a remark.

use std::ops::RangeInclusive;

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This answer, with a sub-status.
    Status(u16, u32),
    /// Later, by so many milliseconds.
    Delay(u64),
    /// No connection.
    Refuse,
    /// No answer.
    Lose,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    requests: RangeInclusive<u64>,
    fault: Fault,
}

/// Reads the settings. None: a line is not understood.
pub(crate) fn read(text: &str) -> Option<Vec<Rule>> {
    let lines = text.lines().map(|line| line.split('#').next());
    let lines = lines.map(|line| line.unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(rule).collect()
}

fn rule(line: &str) -> Option<Rule> {
    let mut words = line.split_whitespace();
    let requests = words.next()?;
    let (first, last) = requests.split_once('-').unwrap_or((requests, requests));
    let requests = first.parse().ok()?..=last.parse().ok()?;
    let fault = match words.next()? {
        "status" => {
            let status = words.next()?.parse().ok()?;
            let sub_status = words.next().map_or(Some(0), |word| word.parse().ok())?;
            Fault::Status(status, sub_status)
        }
        "delay" => Fault::Delay(words.next()?.parse().ok()?),
        "refuse" => Fault::Refuse,
        "lose" => Fault::Lose,
        _ => return None,
    };
    words.next().is_none().then_some(Rule { requests, fault })
}

/// What is done to a request: the milliseconds that it waits, and the fault.
pub(crate) fn about(script: &[Rule], request: u64) -> (u64, Option<Fault>) {
    let about = |rule: &&Rule| rule.requests.contains(&request);
    let (mut delay, mut fault) = (0_u64, None);
    for rule in script.iter().filter(about) {
        match rule.fault {
            Fault::Delay(more) => delay = delay.saturating_add(more),
            other => fault = fault.or(Some(other)),
        }
    }
    (delay, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_say_what_is_done_to_a_request() {
        let script = "# none\n1 status 429 3200\n2-3 delay 250 # slow\n3 delay 50\n3 refuse\n3 lose\n\n4 status 503";
        let script = read(script).unwrap();
        for (request, expected) in [
            (0, (0, None)),
            (1, (0, Some(Fault::Status(429, 3200)))),
            (2, (250, None)),
            (3, (300, Some(Fault::Refuse))),
            (4, (0, Some(Fault::Status(503, 0)))),
            (5, (0, None)),
        ] {
            assert_eq!(about(&script, request), expected, "{request}");
        }
    }

    #[test]
    fn a_line_that_is_not_understood_spoils_the_script() {
        for script in [
            "1",
            "x lose",
            "1- lose",
            "1 explode",
            "1 delay",
            "1 status 99999",
            "1 status 400 x",
            "1 lose twice",
        ] {
            assert_eq!(read(script), None, "{script}");
        }
        assert_eq!(read(""), Some(Vec::new()));
    }
}
