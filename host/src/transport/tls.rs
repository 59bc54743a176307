//! TLS: protocols, trusted roots.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

use crate::error::Error;

/// TLS 1.2 and 1.3 with ring. Trusts these roots and, if asked, the public ones.
pub(super) fn config(extra_roots: &[Vec<u8>], public: bool) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if public {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for (index, bytes) in extra_roots.iter().enumerate() {
        for certificate in certificates(bytes).map_err(|problem| invalid(index, &problem))? {
            roots
                .add(certificate)
                .map_err(|error| invalid(index, &error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(Error::Options(
            "no certificate authority is trusted: give ca_roots, or leave public_roots true"
                .to_owned(),
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Options(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn invalid(index: usize, problem: &str) -> Error {
    Error::Options(format!(
        "ca_roots[{index}] is not a certificate ({problem}): pass PEM (-----BEGIN CERTIFICATE-----) or DER"
    ))
}

/// All of a PEM text, or the one of a DER file.
fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'_>>, String> {
    if !bytes.starts_with(b"\x30") {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        return match all {
            Ok(all) if all.is_empty() => Err("no PEM section CERTIFICATE".to_owned()),
            Ok(all) => Ok(all),
            Err(error) => Err(error.to_string()),
        };
    }
    // DER begins with a SEQUENCE.
    Ok(vec![CertificateDer::from(bytes)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_read_from_pem_and_der() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert;
        let two = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert;
        let pem = format!("# a comment\n{}{}", one.pem(), two.pem()).into_bytes();
        assert_eq!(
            certificates(&pem).unwrap(),
            [one.der().clone(), two.der().clone()]
        );
        assert_eq!(certificates(one.der()).unwrap(), [one.der().clone()]);
        assert!(config(&[pem, one.der().to_vec()], true).is_ok());
    }

    #[test]
    fn a_wrong_root_is_named() {
        for bytes in [&b""[..], b"nonsense", b"\x30nonsense"] {
            let good = rcgen::generate_simple_self_signed(["a".to_owned()])
                .unwrap()
                .cert;
            let error = config(&[good.der().to_vec(), bytes.to_vec()], true)
                .unwrap_err()
                .to_string();
            assert!(error.contains("ca_roots[1]"), "{error}");
        }
    }

    #[test]
    fn without_any_root_nothing_starts() {
        assert!(config(&[], true).is_ok());
        let error = config(&[], false).unwrap_err().to_string();
        assert!(error.contains("public_roots"), "{error}");
    }
}
