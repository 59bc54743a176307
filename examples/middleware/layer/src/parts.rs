//! Requests.

use wasip3::http::types::{ErrorCode, Fields, Method, Request, RequestOptions, Scheme};
use wasip3::wit_future;

use crate::Body;

/// A request taken apart: its headers cannot be changed otherwise.
pub struct Parts {
    /// The verb.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// In order, with names as they were written.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Not read yet; none for a request without one.
    pub body: Option<Body>,
    scheme: Option<Scheme>,
    authority: Option<String>,
    options: Option<RequestOptions>,
}

impl Parts {
    /// Takes it apart. Its body is not looked at.
    pub fn of(request: Request) -> Self {
        let headers = request.get_headers().copy_all();
        let has_body = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let (method, path) = (request.get_method(), request.get_path_with_query());
        let (scheme, authority) = (request.get_scheme(), request.get_authority());
        let options = request.get_options().map(|options| options.clone());
        let (_, done) = wit_future::new(|| Ok(()));
        let (bytes, trailers) = Request::consume_body(request, done);
        Self {
            method,
            path: path.unwrap_or_else(|| "/".to_owned()),
            headers,
            body: has_body.then_some(Body { bytes, trailers }),
            scheme,
            authority,
            options,
        }
    }

    /// The verb in capital letters.
    pub fn verb(&self) -> &str {
        match &self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Connect => "CONNECT",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Patch => "PATCH",
            Method::Other(verb) => verb,
        }
    }

    /// Sets a header in place of those of its name.
    pub fn set(&mut self, name: &str, value: String) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into_bytes()));
    }

    /// Puts it together again; its body flows through. Errors: what no host takes.
    pub fn request(self) -> Result<Request, ErrorCode> {
        let refused = |()| ErrorCode::HttpRequestDenied;
        let headers = Fields::from_list(&self.headers).map_err(|_| refused(()))?;
        let (bytes, trailers) = self
            .body
            .map(|Body { bytes, trailers }| (bytes, trailers))
            .unzip();
        let trailers = trailers.unwrap_or_else(|| wit_future::new(|| Ok(None)).1);
        let (request, _) = Request::new(headers, bytes, trailers, self.options);
        request.set_method(&self.method).map_err(refused)?;
        request
            .set_path_with_query(Some(&self.path))
            .map_err(refused)?;
        request.set_scheme(self.scheme.as_ref()).map_err(refused)?;
        request
            .set_authority(self.authority.as_deref())
            .map_err(refused)?;
        Ok(request)
    }
}
