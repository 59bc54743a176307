//! What a request for changes says (spec data-plane §5.3).

use super::{ChangeFeed, Leaf, Mode, Start};
use crate::wire::date::http_date;
use crate::wire::headers::{HeaderList, name};

/// The version of the envelope around changes.
const WIRE_FORMAT: &str = "2021-09-15";

impl ChangeFeed {
    /// The headers of a request, besides those that every page of items has.
    pub fn headers(&self, leaf: &Leaf) -> HeaderList {
        let mut headers = HeaderList::new();
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.into()));
        add(
            name::A_IM,
            match self.mode {
                Mode::LatestVersion => "Incremental Feed",
                Mode::AllVersionsAndDeletes => "Full-Fidelity Feed",
            },
        );
        if self.enveloped {
            add(name::CHANGE_FEED_FORMAT, WIRE_FORMAT);
        }
        match (&leaf.etag, self.start) {
            (Some(etag), _) => add(name::IF_NONE_MATCH, etag),
            (None, Start::Now) => add(name::IF_NONE_MATCH, "*"),
            (None, _) => {}
        }
        // Next to the etag too: a partition that came of a merge has to filter still (spec §5.3).
        if let Start::At(seconds) = self.start {
            add(name::IF_MODIFIED_SINCE, &http_date(seconds));
        }
        headers
    }
}
