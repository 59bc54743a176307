//! Which error each failure becomes.

use futures_util::stream;
use http_body::Frame;

use super::*;

/// What a request ends in when the server reads its head, writes this and then closes the connection.
async fn ends_in(answer: &'static str) -> (Result<String, Error>, usize) {
    let server = Server::start(async move |mut peer| {
        peer.head().await;
        peer.write(answer).await;
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    let result = match send(&mut hooks, get(&server.url("/"))).await {
        Ok(response) => response
            .into_body()
            .collect()
            .await
            .map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap()),
        Err(error) => Err(error),
    };
    (result, server.requests())
}

/// What a request ends in when the server reads its head, writes this and then says nothing more.
async fn stalls_in(answer: &'static str) -> Error {
    let server = Server::start(async move |mut peer| {
        peer.head().await;
        peer.write(answer).await;
        peer.read_to_end().await;
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    match send_with(&mut hooks, get(&server.url("/")), Some(impatient())).await {
        Ok(response) => response.into_body().collect().await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn nobody_listens() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let error = send(&mut hooks(&gone, Options::default()), get(&gone))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ConnectionRefused), "{error:?}");
}

#[tokio::test]
async fn no_such_name() {
    let url = "http://no-such-host.invalid";
    let error = send(&mut hooks(url, Options::default()), get(url))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DnsError { .. }), "{error:?}");
}

#[tokio::test]
async fn closed_without_an_answer() {
    let (result, requests) = ends_in("").await;
    assert!(
        matches!(result, Err(Error::ConnectionTerminated)),
        "{result:?}"
    );
    // Not repeated: the server had seen it.
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn closed_within_the_head() {
    let (result, _) = ends_in("HTTP/1.1 200 OK\r\ncontent-le").await;
    assert!(
        matches!(result, Err(Error::ConnectionTerminated)),
        "{result:?}"
    );
}

#[tokio::test]
async fn not_http() {
    let (result, _) = ends_in("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    assert!(
        matches!(result, Err(Error::HttpProtocolError)),
        "{result:?}"
    );
}

#[tokio::test]
async fn closed_within_the_body() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let (result, _) = ends_in(answer).await;
        assert!(
            matches!(result, Err(Error::HttpResponseIncomplete)),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_body_without_length_ends_with_the_connection() {
    let (result, _) = ends_in("HTTP/1.1 200 OK\r\n\r\nabc").await;
    assert_eq!(result.unwrap(), "abc");
}

#[tokio::test]
async fn silent_before_the_head() {
    let error = stalls_in("").await;
    assert!(matches!(error, Error::HttpResponseTimeout), "{error:?}");
}

#[tokio::test]
async fn silent_within_the_body() {
    let error = stalls_in("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error:?}");
}

#[tokio::test]
async fn the_guests_own_body_fails() {
    let server = Server::start(async |mut peer| {
        peer.head().await;
        peer.read_to_end().await;
    })
    .await;
    let frames = [
        Ok(Frame::data(Bytes::from("x"))),
        Err(Error::HttpRequestBodySize(Some(1))),
    ];
    let broken = StreamBody::new(stream::iter(frames)).boxed_unsync();
    let request = Request::post(server.url("/")).body(broken).unwrap();
    let error = send(&mut hooks(&server.origin, Options::default()), request)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::HttpRequestBodySize(Some(1))),
        "{error:?}"
    );
}
