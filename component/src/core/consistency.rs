//! Consistency levels: what the account promises, and what a read asks for (spec driver-core §6.6).

use super::error::{Error, Result};

/// The account's default consistency level.
pub use crate::wire::account::Consistency as AccountConsistency;

/// How consistent a read shall be. Writes ignore it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadConsistency {
    /// As the account's level says.
    #[default]
    Default,
    /// From any replica.
    Eventual,
    /// At least as recent as what the session has seen, whatever the account's level.
    Session,
    /// The latest version that a quorum of the region has committed.
    LatestCommitted,
    /// The latest version of all regions; on accounts with strong consistency only.
    GlobalStrong,
}

impl ReadConsistency {
    const ALL: [(&str, Self); 5] = [
        ("Default", Self::Default),
        ("Eventual", Self::Eventual),
        ("Session", Self::Session),
        ("LatestCommitted", Self::LatestCommitted),
        ("GlobalStrong", Self::GlobalStrong),
    ];

    /// Reads the value of `AZURE_COSMOS_READ_CONSISTENCY_STRATEGY`, in any case (§8.2); none for an unknown strategy.
    pub fn parse(text: &str) -> Option<Self> {
        for (name, strategy) in Self::ALL {
            if text.eq_ignore_ascii_case(name) {
                return Some(strategy);
            }
        }
        None
    }

    /// The value of `x-ms-cosmos-read-consistency-strategy` on reads; the default sends no header.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Default => None,
            Self::Eventual => Some("Eventual"),
            Self::Session => Some("Session"),
            Self::LatestCommitted => Some("LatestCommitted"),
            Self::GlobalStrong => Some("GlobalStrong"),
        }
    }

    /// Whether a read may ask for it, before it is sent.
    ///
    /// # Errors
    /// `invalid-argument`: `GlobalStrong` on an account with another default level than `Strong`.
    pub fn check(self, account: AccountConsistency) -> Result<()> {
        if self == Self::GlobalStrong && account != AccountConsistency::Strong {
            return Err(Error::invalid(
                "the read consistency GlobalStrong needs an account with the default consistency Strong: choose \
                 LatestCommitted or Session, or change the account's level",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::ErrorKind;
    use super::*;

    #[test]
    fn levels_and_strategies_are_read_in_any_case() {
        for (text, level) in AccountConsistency::ALL {
            assert_eq!(AccountConsistency::parse(text), Some(level));
            let lower = text.to_ascii_lowercase();
            assert_eq!(AccountConsistency::parse(&lower), Some(level));
        }
        for (text, strategy) in ReadConsistency::ALL {
            assert_eq!(ReadConsistency::parse(text), Some(strategy));
            let upper = text.to_ascii_uppercase();
            assert_eq!(ReadConsistency::parse(&upper), Some(strategy));
        }
        for text in ["", "strongest", "Bounded Staleness", " Session"] {
            assert_eq!(AccountConsistency::parse(text), None, "{text}");
            assert_eq!(ReadConsistency::parse(text), None, "{text}");
        }
    }

    #[test]
    fn all_but_the_default_send_their_name() {
        for (text, strategy) in ReadConsistency::ALL {
            let expected = (text != "Default").then_some(text);
            assert_eq!(strategy.header(), expected);
        }
        assert_eq!(ReadConsistency::default(), ReadConsistency::Default);
    }

    #[test]
    fn only_global_strong_asks_something_of_the_account() {
        for (_, account) in AccountConsistency::ALL {
            for (_, strategy) in ReadConsistency::ALL {
                let allowed = strategy != ReadConsistency::GlobalStrong
                    || account == AccountConsistency::Strong;
                assert_eq!(strategy.check(account).is_ok(), allowed);
            }
        }
        let error = ReadConsistency::GlobalStrong.check(AccountConsistency::Session);
        let error = error.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains("GlobalStrong"));
    }
}
