//! A server that repeats what nobody should: the `authorization` header of the request.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Makes an answer, head and body, from the header's value.
type Answer = fn(&str) -> String;

/// Listens for as long as the test's runtime lives.
pub(crate) struct Echo(SocketAddr);

impl Echo {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, answer));
            }
        });
        Self(address)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/", self.0)
    }
}

/// Answers one request that has no body.
async fn converse(mut stream: TcpStream, answer: Answer) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
    let request = String::from_utf8(request).unwrap();
    let value = request.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then_some(value)
    });
    let answer = answer(value.expect("a signed request"));
    stream.write_all(answer.as_bytes()).await.unwrap();
}

fn refusal(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// In the code and the message of the service's envelope.
pub(crate) fn in_the_envelope(value: &str) -> String {
    let message = format!("The MAC signature {value} is not the expected one: {value}");
    let body = serde_json::json!({ "code": value, "message": message });
    refusal("", &body.to_string())
}

/// In a body that is no envelope.
pub(crate) fn in_the_text(value: &str) -> String {
    refusal("", &format!("<html>Your header was {value}</html>"))
}

/// The text that was escaped in the header.
pub(crate) fn decoded(value: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(value).decode_utf8();
    in_the_envelope(&decoded.unwrap())
}

/// In headers, which go into the error and the diagnostics.
pub(crate) fn in_headers(value: &str) -> String {
    let names = [
        "x-ms-activity-id",
        "x-ms-session-token",
        "etag",
        "www-authenticate",
    ];
    let headers = names.map(|name| format!("{name}: {value}\r\n"));
    refusal(&headers.concat(), "")
}
