//! How fresh reads must be (spec driver-core §6.6).

/// What an operation asks of its reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadConsistency {
    /// What the account says.
    #[default]
    Default,
    /// Any version.
    Eventual,
    /// One's own writes.
    Session,
    /// The latest version committed in the region.
    LatestCommitted,
    /// The latest version committed in all regions.
    GlobalStrong,
}

impl ReadConsistency {
    /// Reads the environment's text, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            ("default", Self::Default),
            ("eventual", Self::Eventual),
            ("session", Self::Session),
            ("latestcommitted", Self::LatestCommitted),
            ("globalstrong", Self::GlobalStrong),
        ];
        let found = all
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
        found.map(|(_, value)| *value)
    }
}
