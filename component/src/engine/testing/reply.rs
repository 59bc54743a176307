//! What the scripted world answers.

use std::rc::Rc;

use crate::core::clock::{MILLI, Nanos};
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::{FailureCause, TransportFailure};

/// What a region says to a request, and how long it takes.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Reply {
    pub(in crate::engine) after: Nanos,
    pub(in crate::engine) by_body: Option<ByBody>,
    pub(in crate::engine) result: std::result::Result<Said, TransportFailure>,
}

/// Status, headers, body.
type Said = (u16, Vec<(String, String)>, String);

impl Reply {
    pub(in crate::engine) fn status(status: u16, sub_status: u32) -> Self {
        let sub = (sub_status > 0).then(|| ("x-ms-substatus".to_owned(), sub_status.to_string()));
        Self {
            after: MILLI,
            by_body: None,
            result: Ok((status, sub.into_iter().collect(), "{}".to_owned())),
        }
    }

    pub(in crate::engine) fn json(body: &str) -> Self {
        Self {
            after: MILLI,
            by_body: None,
            result: Ok((200, Vec::new(), body.to_owned())),
        }
    }

    pub(in crate::engine) fn failure(sent: RequestSent, cause: FailureCause) -> Self {
        Self {
            after: MILLI,
            by_body: None,
            result: Err(TransportFailure {
                sent,
                cause,
                detail: "scripted".to_owned(),
            }),
        }
    }

    /// What it says depends on what it is asked.
    pub(in crate::engine) fn by_body(answer: impl Fn(&[u8]) -> Self + 'static) -> Self {
        Self {
            by_body: Some(ByBody(Rc::new(answer))),
            ..Self::status(200, 0)
        }
    }

    /// What it says to a request with this body.
    pub(super) fn said_to(
        self,
        body: Option<&[u8]>,
    ) -> std::result::Result<Said, TransportFailure> {
        match &self.by_body {
            Some(ByBody(answer)) => answer(body.unwrap_or_default()).result,
            None => self.result,
        }
    }

    /// Nothing arrives, ever.
    pub(in crate::engine) fn silence() -> Self {
        Self::status(200, 0).after(Nanos::MAX / 2)
    }

    pub(in crate::engine) fn after(self, after: Nanos) -> Self {
        Self { after, ..self }
    }

    pub(in crate::engine) fn with(mut self, name: &str, value: &str) -> Self {
        if let Ok((_, headers, _)) = &mut self.result {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// What a request's body is answered.
#[derive(Clone)]
pub(in crate::engine) struct ByBody(Rc<Answers>);

type Answers = dyn Fn(&[u8]) -> Reply;

impl std::fmt::Debug for ByBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByBody")
    }
}
