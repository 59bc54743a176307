//! Pages of any origin may talk to the servers, and read all headers of their answers: what an account does whose owner
//! has set up CORS. Requests without `origin`, which is what everything but a browser sends, notice nothing.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;

/// Seconds for which a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");

/// What a page has to be told, and about whom.
pub(crate) struct Cors(HeaderValue);

impl Cors {
    /// None if no page asks.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        request.headers().get(ORIGIN).cloned().map(Self)
    }

    /// The answer to the question whether the page may send a request; none if this is the request itself. The servers
    /// do not record the question.
    pub(crate) fn preflight<B>(&self, request: &Request<B>) -> Option<Response<Full<Bytes>>> {
        let asked = request.headers();
        if request.method() != Method::OPTIONS || !asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            return None;
        }
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            // A star would leave out `authorization`.
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        Some(answer)
    }

    /// Lets the page read an answer.
    pub(crate) fn expose(self, headers: &mut HeaderMap) {
        let names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        let names = HeaderValue::from_str(&names.join(", "));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0);
        if let Ok(names) = names {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Request};

    use super::Cors;

    #[test]
    fn only_pages_are_told_anything() {
        let request = Request::get("/").body(()).expect("a request");
        assert!(Cors::of(&request).is_none());
    }

    #[test]
    fn a_question_is_answered_with_what_it_asks_for() {
        let ask = |method| {
            Request::builder()
                .method(method)
                .header("origin", "http://page")
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "authorization,x-ms-date")
                .body(())
                .expect("a request")
        };
        let question = ask("OPTIONS");
        let cors = Cors::of(&question).expect("a page");
        let answer = cors.preflight(&question).expect("an answer");
        assert_eq!(answer.status(), 204);
        let allowed = &answer.headers()["access-control-allow-headers"];
        assert_eq!(allowed, "authorization,x-ms-date");
        assert!(cors.preflight(&ask("GET")).is_none());
    }

    #[test]
    fn a_page_may_read_the_headers_that_there_are() {
        let request = Request::get("/").header("origin", "http://page");
        let cors = Cors::of(&request.body(()).expect("a request")).expect("a page");
        let mut headers = HeaderMap::new();
        headers.insert("etag", "\"1\"".parse().expect("a value"));
        cors.expose(&mut headers);
        assert_eq!(headers["access-control-allow-origin"], "http://page");
        assert_eq!(headers["access-control-expose-headers"], "etag");
    }
}
