//! Endpoints that are avoided for a while (spec driver-core §3.8).

use crate::core::clock::{Nanos, since};
use crate::wire::endpoint::Endpoint;

/// Marks kept; beyond it the oldest goes.
const MAX_MARKS: usize = 256;

/// Why an endpoint is avoided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No connection could be made.
    Transport,
    /// 503, 410, 429/3092.
    ServiceUnavailable,
    /// 500, 502, 504 and other failures inside the service.
    InternalServerError,
    /// 408.
    RequestTimeout,
    /// 403/3: it takes no writes. Reads go there as before.
    WriteForbidden,
    /// 403/1008: it is no part of the account.
    AccountNotFound,
}

/// The marks, newest last. Nothing probes a marked endpoint: when its mark is old enough, the next request finds out.
#[derive(Debug, Default)]
pub struct Unavailable(Vec<Mark>);

#[derive(Debug)]
struct Mark {
    endpoint: Endpoint,
    /// Whether only writes avoid it.
    writes_only: bool,
    at: Nanos,
}

impl Unavailable {
    /// Whether every endpoint is as good as any other.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks an endpoint, or renews its mark.
    pub fn mark(&mut self, endpoint: &Endpoint, reason: Reason, now: Nanos) {
        let writes_only = reason == Reason::WriteForbidden;
        self.0
            .retain(|mark| mark.endpoint != *endpoint || mark.writes_only != writes_only);
        if self.0.len() >= MAX_MARKS {
            self.0.remove(0);
        }
        self.0.push(Mark {
            endpoint: endpoint.clone(),
            writes_only,
            at: now,
        });
    }

    /// It works again, for reads at least; whether it takes writes only a write can tell.
    pub fn clear(&mut self, endpoint: &Endpoint, wrote: bool) {
        self.0
            .retain(|mark| mark.endpoint != *endpoint || (mark.writes_only && !wrote));
    }

    /// All marks, the oldest first: the endpoint, whether only writes avoid it, since when.
    pub fn marks(&self) -> impl Iterator<Item = (&Endpoint, bool, Nanos)> {
        self.0
            .iter()
            .map(|mark| (&mark.endpoint, mark.writes_only, mark.at))
    }

    /// Whether a request should avoid it. Marks older than `ttl` do not count.
    pub fn avoids(&self, endpoint: &Endpoint, write: bool, now: Nanos, ttl: Nanos) -> bool {
        self.0.iter().any(|mark| {
            mark.endpoint == *endpoint && (write || !mark.writes_only) && since(now, mark.at) < ttl
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::parse(&format!("https://{name}.example.com"), None).unwrap()
    }

    #[test]
    fn a_mark_counts_until_it_is_as_old_as_the_ttl() {
        let (mut marks, east) = (Unavailable::default(), endpoint("east"));
        assert!(marks.is_empty() && !marks.avoids(&east, false, 0, 60));
        marks.mark(&east, Reason::ServiceUnavailable, 100);
        for (now, avoided) in [(100, true), (159, true), (160, false), (90, true)] {
            assert_eq!(marks.avoids(&east, false, now, 60), avoided, "{now}");
        }
        assert!(!marks.avoids(&endpoint("west"), false, 100, 60));
        marks.mark(&east, Reason::Transport, 150);
        assert!(marks.avoids(&east, true, 160, 60));
        assert_eq!(marks.0.len(), 1);
    }

    #[test]
    fn who_takes_no_writes_is_read_from_as_before() {
        let (mut marks, east) = (Unavailable::default(), endpoint("east"));
        marks.mark(&east, Reason::WriteForbidden, 0);
        assert!(marks.avoids(&east, true, 1, 60) && !marks.avoids(&east, false, 1, 60));
        marks.mark(&east, Reason::RequestTimeout, 0);
        assert!(marks.avoids(&east, false, 1, 60));
        marks.clear(&east, false);
        assert!(marks.avoids(&east, true, 1, 60) && !marks.avoids(&east, false, 1, 60));
        marks.clear(&east, true);
        assert!(marks.is_empty());
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut marks = Unavailable::default();
        for n in 0..=MAX_MARKS {
            marks.mark(&endpoint(&format!("e{n}")), Reason::Transport, 0);
        }
        assert_eq!(marks.0.len(), MAX_MARKS);
        assert!(!marks.avoids(&endpoint("e0"), false, 0, 60));
        assert!(marks.avoids(&endpoint("e1"), false, 0, 60));
    }
}
