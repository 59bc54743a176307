//! The three timeouts of a request.

use std::time::Duration;

use wasmtime_wasi_http::RequestOptions;

use crate::options::Options;

/// How long each part of a request may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
    pub(super) between_bytes: Duration,
}

impl Timeouts {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            connect: options.connect_timeout,
            first_byte: options.first_byte_timeout,
            between_bytes: options.between_bytes_timeout,
        }
    }

    /// These, or what the guest asks for where that is shorter.
    pub(super) fn with(self, guest: Option<RequestOptions>) -> Self {
        let guest = guest.unwrap_or_default();
        let shorter =
            |own: Duration, guest: Option<Duration>| guest.map_or(own, |guest| guest.min(own));
        Self {
            connect: shorter(self.connect, guest.connect_timeout),
            first_byte: shorter(self.first_byte, guest.first_byte_timeout),
            between_bytes: shorter(self.between_bytes, guest.between_bytes_timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_one_holds() {
        let own = Timeouts::new(&Options::default());
        assert_eq!(own.with(None), own);
        let asked = own.with(Some(RequestOptions {
            connect_timeout: Some(Duration::from_secs(1)),
            first_byte_timeout: Some(Duration::from_secs(6000)),
            between_bytes_timeout: None,
        }));
        assert_eq!(
            asked,
            Timeouts {
                connect: Duration::from_secs(1),
                ..own
            }
        );
    }
}
