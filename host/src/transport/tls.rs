//! TLS: protocols, trusted roots.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

use crate::error::Error;

/// TLS 1.2 and 1.3 with ring. Trusts the public roots and these.
pub(super) fn config(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for (index, bytes) in extra_roots.iter().enumerate() {
        for certificate in certificates(bytes).map_err(|problem| invalid(index, &problem))? {
            roots
                .add(certificate)
                .map_err(|error| invalid(index, &error.to_string()))?;
        }
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
        assert!(config(&[pem, one.der().to_vec()]).is_ok());
    }

    #[test]
    fn a_wrong_root_is_named() {
        for bytes in [&b""[..], b"nonsense", b"\x30nonsense"] {
            let good = rcgen::generate_simple_self_signed(["a".to_owned()])
                .unwrap()
                .cert;
            let error = config(&[good.der().to_vec(), bytes.to_vec()])
                .unwrap_err()
                .to_string();
            assert!(error.contains("ca_roots[1]"), "{error}");
        }
    }
}
