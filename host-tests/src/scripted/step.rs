//! What can be done to a request.

use std::fmt::Write as _;

use bytes::Bytes;

use super::gate::Gate;

/// What one request gets. Unless said otherwise the request is read to its end first, and the connection stays open
/// for the next one.
#[derive(Clone, Debug)]
pub struct Step(pub(super) Vec<Action>);

/// The pieces that steps are made of.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Read the request's body to its end.
    ReadBody,
    /// Wait for the gate, or for ever. Once the body was read, a client that goes away ends it.
    Wait(Option<Gate>),
    /// Send bytes.
    Write(Bytes),
    /// Send that many bytes of filling.
    Fill(u64),
    /// Close the connection in order.
    Close,
    /// Reset the connection.
    Reset,
}

impl Step {
    /// An answer with a body and its length. 204 and 304 have neither.
    pub fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let length = (!matches!(status, 204 | 304)).then_some(body.len() as u64);
        let head = head(status, headers, length);
        Self(vec![
            Action::ReadBody,
            Action::Write(head),
            Action::Write(body),
        ])
    }

    /// Closes the connection without a byte.
    pub fn close() -> Self {
        Self(vec![Action::ReadBody, Action::Close])
    }

    /// Resets the connection without a byte.
    pub fn reset() -> Self {
        Self(vec![Action::ReadBody, Action::Reset])
    }

    /// Sends a head that promises a body of `content_length` bytes, then resets the connection.
    pub fn reset_after_head(status: u16, content_length: u64) -> Self {
        let head = head(status, &[], Some(content_length));
        Self(vec![Action::ReadBody, Action::Write(head), Action::Reset])
    }

    /// Promises `content_length` bytes, sends `body`, which should be shorter, and closes.
    pub fn truncated(status: u16, content_length: u64, body: impl Into<Bytes>) -> Self {
        Self::wrong_length(status, content_length, body).then_close()
    }

    /// Promises `content_length` bytes and sends `body`, which should be longer: what is too much stands where the
    /// next answer would begin.
    pub fn wrong_length(status: u16, content_length: u64, body: impl Into<Bytes>) -> Self {
        let head = head(status, &[], Some(content_length));
        Self(vec![
            Action::ReadBody,
            Action::Write(head),
            Action::Write(body.into()),
        ])
    }

    /// Sends bytes that need not be HTTP, and closes.
    pub fn garbage(bytes: impl Into<Bytes>) -> Self {
        Self(vec![
            Action::ReadBody,
            Action::Write(bytes.into()),
            Action::Close,
        ])
    }

    /// Answers after the request's head, before a byte of its body is read; then reads the body. With
    /// [`then_close`](Self::then_close) the body is never read.
    pub fn early(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let head = head(status, headers, Some(body.len() as u64));
        Self(vec![Action::Write(head), Action::Write(body)])
    }

    /// Reads the request and never answers. Ends when the client goes away.
    pub fn silent() -> Self {
        Self(vec![Action::ReadBody, Action::Wait(None)])
    }

    /// An answer whose body comes in pieces, each when its gate is open.
    pub fn slow_body(status: u16, headers: &[(&str, &str)], pieces: Vec<(Gate, Bytes)>) -> Self {
        let length = pieces.iter().map(|(_, piece)| piece.len() as u64).sum();
        let mut actions = vec![
            Action::ReadBody,
            Action::Write(head(status, headers, Some(length))),
        ];
        for (gate, piece) in pieces {
            actions.extend([Action::Wait(Some(gate)), Action::Write(piece)]);
        }
        Self(actions)
    }

    /// An answer with a body of so many bytes, all `x`, produced while it is sent.
    pub fn huge(status: u16, bytes: u64) -> Self {
        let head = head(status, &[], Some(bytes));
        Self(vec![
            Action::ReadBody,
            Action::Write(head),
            Action::Fill(bytes),
        ])
    }

    /// Does nothing before the gate is open, except reading the request if this step begins with that.
    pub fn after(mut self, gate: &Gate) -> Self {
        let reads_first = matches!(self.0.first(), Some(Action::ReadBody));
        self.0
            .insert(usize::from(reads_first), Action::Wait(Some(gate.clone())));
        self
    }

    /// Does nothing more before the gate is open: what was not read of the request stays unread until then.
    pub fn then_wait(mut self, gate: &Gate) -> Self {
        self.0.push(Action::Wait(Some(gate.clone())));
        self
    }

    /// Closes the connection in the end. Unless the answer says `connection: close`, a client that keeps connections
    /// may be using this one again at that moment. If a part of the request was never read, the system resets the
    /// connection instead.
    pub fn then_close(mut self) -> Self {
        self.0.push(Action::Close);
        self
    }
}

/// A response's head.
fn head(status: u16, headers: &[(&str, &str)], content_length: Option<u64>) -> Bytes {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default());
    for (name, value) in headers {
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if let Some(length) = content_length {
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head.push_str("\r\n");
    head.into()
}
