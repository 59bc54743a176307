//! Signing outside of the guest.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use cosmosdb_driver::wire::sign::MasterKey;
use cosmosdb_driver::wire::{date, link};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::error::Error;

const X_MS_DATE: HeaderName = HeaderName::from_static("x-ms-date");

/// Adds headers to every request before it leaves: for [`Credential::host`](crate::Credential::host), where the
/// secret stays outside of the component. Called on the request's own task, so it must not block.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Sets what authorizes this request. An error keeps it from being sent; the guest sees
    /// `HTTP-request-denied`.
    fn sign(&self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<(), Denied>;
}

/// A signer does not sign this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied;

/// Signs with an account key: sets `x-ms-date` and `authorization`. The key is never printed.
#[derive(Debug, Clone)]
pub struct MasterKeySigner(MasterKey);

impl MasterKeySigner {
    /// Reads the key, primary or secondary, as the portal shows it. Errors: [`Error::Options`] if it is not base64.
    pub fn new(base64: &str) -> Result<Self, Error> {
        MasterKey::from_base64(base64)
            .map(Self)
            .map_err(|invalid| Error::Options(invalid.to_string()))
    }
}

impl Signer for MasterKeySigner {
    fn sign(&self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<(), Denied> {
        let link = link::parse(uri.path()).ok_or(Denied)?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Denied)?;
        let date = date::http_date(now.as_secs());
        let mut authorization = HeaderValue::try_from(self.0.authorization(method, &link, &date))
            .map_err(|_| Denied)?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(X_MS_DATE, HeaderValue::try_from(date).map_err(|_| Denied)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(path: &str) -> Result<HeaderMap, Denied> {
        let signer = MasterKeySigner::new("c2VjcmV0").unwrap();
        let mut headers = HeaderMap::new();
        let uri = format!("https://a.example{path}").parse().unwrap();
        signer
            .sign(&Method::GET, &uri, &mut headers)
            .map(|()| headers)
    }

    #[test]
    fn a_request_gets_the_signature_over_its_date() {
        let headers = sign("/dbs/d/colls/c/docs/item%201").unwrap();
        let link = link::item("d", "c", "item 1").unwrap();
        let expected = MasterKey::from_base64("c2VjcmV0").unwrap().authorization(
            &Method::GET,
            &link,
            headers["x-ms-date"].to_str().unwrap(),
        );
        assert_eq!(headers["authorization"], expected);
        assert!(headers["authorization"].is_sensitive());
    }

    #[test]
    fn a_path_that_is_no_resource_is_not_signed() {
        assert_eq!(sign("/nothing/like/it").unwrap_err(), Denied);
    }

    #[test]
    fn the_key_is_not_printed() {
        let signer = MasterKeySigner::new("c2VjcmV0").unwrap();
        assert!(!format!("{signer:?}").contains("c2VjcmV0"));
        let error = MasterKeySigner::new("not base64!").unwrap_err().to_string();
        assert!(!error.contains("not base64!"), "{error}");
    }
}
