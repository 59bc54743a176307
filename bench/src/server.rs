//! The server: HTTP/1.1 and HTTP/2 without TLS on one port, and answers that were made before anybody asked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;

use anyhow::Result;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::{account, machine};

/// What every answer carries, as the service's gateway sends it.
const COMMON: [(&str, &str); 13] = [
    ("content-type", "application/json"),
    ("date", "Tue, 01 Jul 2025 12:34:56 GMT"),
    ("server", "Microsoft-HTTPAPI/2.0"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-ms-activity-id", "0e7d5c4b-3a29-4817-96f5-e4d3c2b1a098"),
    ("x-ms-request-charge", "1"),
    ("x-ms-request-duration-ms", "0.42"),
    (
        "x-ms-last-state-change-utc",
        "Mon, 30 Jun 2025 08:12:41.337 GMT",
    ),
    ("x-ms-schemaversion", "1.19"),
    ("x-ms-serviceversion", "version=2.14.0.0"),
    ("x-ms-gatewayversion", "version=2.14.0"),
    ("x-ms-global-committed-lsn", "41"),
    ("x-ms-number-of-read-regions", "0"),
];

/// What answers about items and key ranges carry as well.
const ITEM: [(&str, &str); 11] = [
    ("etag", "\"0000d826-0700-0000-0000-6863d4f00000\""),
    ("lsn", "42"),
    ("x-ms-item-lsn", "42"),
    ("x-ms-cosmos-llsn", "42"),
    ("x-ms-cosmos-item-llsn", "42"),
    ("x-ms-session-token", "0:-1#42"),
    ("x-ms-documentdb-partitionkeyrangeid", "0"),
    ("x-ms-alt-content-path", "dbs/shop/colls/orders"),
    ("x-ms-transport-request-id", "7"),
    (
        "x-ms-resource-quota",
        "documentSize=51200;documentsSize=52428800;documentsCount=-1;collectionSize=52428800;",
    ),
    (
        "x-ms-resource-usage",
        "documentSize=0;documentsSize=1;documentsCount=1;collectionSize=2;",
    ),
];

/// Prints its endpoint, and serves until it is killed.
pub(crate) fn run() -> Result<()> {
    machine::pin(machine::SERVER);
    machine::many_sockets()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        // Ten thousand connections come at once.
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(16_384)?;
        let endpoint = format!("http://{}/", listener.local_addr()?);
        let server = Rc::new(Server::new(&endpoint));
        println!("{endpoint}");
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let server = Rc::clone(&server);
            tokio::task::spawn_local(async move { drop(server.connection(socket).await) });
        }
    })
}

/// Runs what HTTP/2 starts on this thread.
#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, work: F) {
        tokio::task::spawn_local(work);
    }
}

/// An answer, ready for either protocol.
#[derive(Clone)]
struct Answer {
    /// For HTTP/1.1: status line and headers.
    head: Bytes,
    body: Bytes,
    status: StatusCode,
    headers: Rc<HeaderMap>,
}

struct Server {
    common: Rc<HeaderMap>,
    of_items: Rc<HeaderMap>,
    account: Answer,
    database: Answer,
    item: Answer,
    written: Answer,
    created: Answer,
    page: Answer,
    plan: Answer,
    unchanged: Answer,
    missing: Answer,
    /// Requests that wait until there are as many as the number says.
    held: RefCell<HashMap<u64, (u64, Rc<Notify>)>>,
}

/// What matters of a request.
#[derive(Default)]
struct Asked {
    post: bool,
    query: bool,
    plan: bool,
    minimal: bool,
    etag: bool,
}

impl Asked {
    fn header(&mut self, name: &[u8], value: &[u8]) {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let truth = value.eq_ignore_ascii_case(b"true");
        self.query |= is("x-ms-documentdb-isquery") && truth;
        self.plan |= is("x-ms-cosmos-is-query-plan-request") && truth;
        self.minimal |= is("prefer") && value == b"return=minimal";
        self.etag |= is("if-none-match");
    }
}

impl Server {
    fn new(endpoint: &str) -> Self {
        let common = Rc::new(headers(&COMMON));
        let mut of_items = HeaderMap::clone(&common);
        of_items.extend(headers(&ITEM));
        let of_items = Rc::new(of_items);
        let ok = StatusCode::OK;
        Self {
            account: Answer::new(ok, account::account(endpoint), &common),
            database: Answer::new(ok, account::database(), &common),
            item: Answer::new(ok, account::item(), &of_items),
            written: Answer::new(StatusCode::CREATED, String::new(), &of_items),
            created: Answer::new(StatusCode::CREATED, account::item(), &of_items),
            page: Answer::new(ok, account::page(), &of_items),
            plan: Answer::new(ok, account::plan(), &common),
            unchanged: Answer::new(StatusCode::NOT_MODIFIED, String::new(), &of_items),
            missing: Answer::new(
                StatusCode::NOT_FOUND,
                r#"{"code":"NotFound","message":"There is no such resource."}"#.to_owned(),
                &common,
            ),
            common,
            of_items,
            held: RefCell::default(),
        }
    }

    async fn answer(&self, path: &str, asked: &Asked) -> Answer {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts[..] {
            [] => self.account.clone(),
            ["dbs", _] => self.database.clone(),
            ["dbs", _, "colls", name] => {
                let body = account::container(name);
                Answer::new(StatusCode::OK, body, &self.common)
            }
            ["dbs", _, "colls", _, "pkranges"] if asked.etag => self.unchanged.clone(),
            ["dbs", _, "colls", name, "pkranges"] => {
                let body = account::ranges(name);
                Answer::new(StatusCode::OK, body, &self.of_items)
            }
            ["dbs", _, "colls", _, "docs"] if asked.plan => self.plan.clone(),
            ["dbs", _, "colls", _, "docs"] if asked.query => self.page.clone(),
            ["dbs", _, "colls", _, "docs"] if asked.minimal => self.written.clone(),
            ["dbs", _, "colls", _, "docs"] if asked.post => self.created.clone(),
            ["dbs", _, "colls", _, "docs", item] => {
                if let Some(many) = item.strip_prefix("hold-") {
                    self.hold(many.parse().unwrap_or(1)).await;
                }
                self.item.clone()
            }
            _ => self.missing.clone(),
        }
    }

    async fn hold(&self, many: u64) {
        let waiting = {
            let mut held = self.held.borrow_mut();
            let (count, all) = held.entry(many).or_default();
            *count += 1;
            if *count == many {
                *count = 0;
                all.notify_waiters();
                return;
            }
            Rc::clone(all)
        };
        waiting.notified().await;
    }

    async fn connection(self: Rc<Self>, socket: TcpStream) -> Result<()> {
        let mut first = [0; 4];
        loop {
            match socket.peek(&mut first).await? {
                // A connection that was opened in vain.
                0 => return Ok(()),
                4.. => break,
                _ => tokio::task::yield_now().await,
            }
        }
        if &first == b"PRI " {
            let service =
                hyper::service::service_fn(move |request| Rc::clone(&self).http2(request));
            let io = TokioIo::new(socket);
            let server = hyper::server::conn::http2::Builder::new(Local);
            return Ok(server.serve_connection(io, service).await?);
        }
        self.http1(socket).await
    }

    async fn http1(&self, mut socket: TcpStream) -> Result<()> {
        let mut buffer = BytesMut::with_capacity(4096);
        loop {
            let end = loop {
                if let Some(end) = find(&buffer, b"\r\n\r\n") {
                    break end + 4;
                }
                if socket.read_buf(&mut buffer).await? == 0 {
                    return Ok(());
                }
            };
            let head = buffer.split_to(end).freeze();
            let (path, asked, mut body) = read_head(&head)?;
            while body > buffer.len() {
                body -= buffer.len();
                buffer.clear();
                if socket.read_buf(&mut buffer).await? == 0 {
                    return Ok(());
                }
            }
            buffer.advance(body);
            let answer = self.answer(path, &asked).await;
            let mut bytes = answer.head.chain(answer.body);
            socket.write_all_buf(&mut bytes).await?;
        }
    }

    async fn http2(
        self: Rc<Self>,
        request: Request<Incoming>,
    ) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        drop(body.collect().await);
        let mut asked = Asked {
            post: parts.method == http::Method::POST,
            ..Asked::default()
        };
        for (name, value) in &parts.headers {
            asked.header(name.as_str().as_bytes(), value.as_bytes());
        }
        let answer = self.answer(parts.uri.path(), &asked).await;
        let mut response = Response::new(Full::new(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = HeaderMap::clone(&answer.headers);
        Ok(response)
    }
}

impl Answer {
    fn new(status: StatusCode, body: String, headers: &Rc<HeaderMap>) -> Self {
        let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in headers.iter() {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        if status != StatusCode::NOT_MODIFIED {
            let length = format!("content-length: {}\r\n", body.len());
            head.extend_from_slice(length.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        Self {
            head: head.into(),
            body: body.into(),
            status,
            headers: Rc::clone(headers),
        }
    }
}

/// The path, what else matters, and the length of the body.
fn read_head(head: &[u8]) -> Result<(&str, Asked, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut asked = Asked {
        post: first.next() == Some("POST"),
        ..Asked::default()
    };
    let path = first.next().unwrap_or_default();
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse()?;
        }
        asked.header(name.as_bytes(), value.as_bytes());
    }
    Ok((path, asked, length))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    pairs.collect()
}
