//! A patch by read-modify-write (spec data-plane §7.2): the item is read, changed here and replaced under the condition that it
//! is still the one that was read. If it is not, all of it happens again.

use super::error::{Error, ErrorKind, Result};
use super::operation::{Conditions, ItemRef, Operation, Precondition};
use super::request::Request;
use crate::wire::headers::ResponseHeaders;
use crate::wire::patch::PatchOperation;
use crate::wire::patch::apply::{apply, check};
use crate::wire::session_token::SessionToken;

/// How often the item is read and replaced.
const MAX_ROUNDS: u32 = 5;

/// A patch on its way: what comes after each answer.
#[derive(Debug)]
pub struct Modify {
    item: ItemRef,
    operations: Vec<PatchOperation>,
    /// The caller's session token, and what the answers added to it. None if the driver's session is used.
    token: Option<String>,
    content_response: bool,
    /// Rounds that began.
    rounds: u32,
    /// Whether the next answer is that of a read.
    reads: bool,
}

impl Modify {
    /// A patch that is about to begin. `content_response` makes it return the item.
    ///
    /// # Errors
    /// `invalid-argument`: conditions beside it, or operations that could not be applied to any item.
    pub fn new(operation: Operation, content_response: bool) -> Result<Box<Self>> {
        let Operation::PatchItem {
            item,
            operations,
            condition,
            conditions,
            ..
        } = operation
        else {
            return Err(Error::invalid("only patches are read-modify-write"));
        };
        if condition.is_some() || conditions.precondition.is_some() {
            return Err(Error::invalid(
                "a patch by read-modify-write takes no condition and no precondition: leave them out, or patch on the server",
            ));
        }
        check(&operations)?;
        Ok(Box::new(Self {
            item,
            operations,
            token: conditions.session_token,
            content_response,
            rounds: 0,
            reads: true,
        }))
    }

    /// Whether the answer that comes next is that of a read.
    pub fn is_reading(&self) -> bool {
        self.reads
    }

    /// The read that begins a round.
    ///
    /// # Errors
    /// `invalid-argument`: ids, keys or tokens that cannot be sent.
    pub fn read(&mut self) -> Result<Request> {
        self.rounds = self.rounds.saturating_add(1);
        self.reads = true;
        let operation = Operation::ReadItem {
            item: self.item.clone(),
            conditions: self.conditions(None),
        };
        let mut request = Request::new(operation, true)?;
        request.name = "patch_read_item";
        if let Some(scope) = &mut request.scope {
            let paths = self.operations.iter().flat_map(PatchOperation::paths);
            scope.patched = paths.map(str::to_owned).collect();
        }
        Ok(request)
    }

    /// The replacement of what was read.
    ///
    /// # Errors
    /// `invalid-argument`: the patch does not fit the item; `payload-too-large`; `service`: the item came without etag.
    pub fn replace(&mut self, item: &[u8], headers: &ResponseHeaders) -> Result<Request> {
        self.reads = false;
        self.learn(headers);
        let body = apply(item, &self.operations)?;
        let Some(etag) = headers.etag.clone() else {
            return Err(Error::new(
                ErrorKind::Service,
                "patch_read_item: the item came without an etag, so that it cannot be replaced safely: patch on the server",
            ));
        };
        let operation = Operation::ReplaceItem {
            item: self.item.clone(),
            body,
            conditions: self.conditions(Some(Precondition::IfMatch(etag))),
        };
        let mut request = Request::new(operation, self.content_response)?;
        request.name = "patch_replace_item";
        Ok(request)
    }

    /// The read of the next round, if the replacement failed only because the item had changed. `unsure` if an earlier attempt
    /// may have been what changed it: then nobody but the caller can know whether to go on.
    ///
    /// # Errors
    /// This failure, if the patch ends with it.
    pub fn again(&mut self, mut error: Box<Error>, unsure: bool) -> Result<Request> {
        if self.reads || error.status != Some(412) || unsure {
            return Err(error);
        }
        if self.rounds >= MAX_ROUNDS {
            error.message.push_str(
                " The item was changed between reading and writing five times in a row: call again when fewer write it.",
            );
            return Err(error);
        }
        if let Some(headers) = &error.headers {
            self.learn(headers);
        }
        self.read()
    }

    /// A caller who brings a token reads at least what these answers have seen.
    fn learn(&mut self, headers: &ResponseHeaders) {
        if let (Some(own), Some(said)) = (&mut self.token, &headers.session_token) {
            let mut merged = SessionToken::parse_lenient(own);
            merged.merge(SessionToken::parse_lenient(said));
            *own = merged.to_string();
        }
    }

    fn conditions(&self, precondition: Option<Precondition>) -> Conditions {
        Conditions {
            precondition,
            session_token: self.token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::operation::ContainerRef;
    use crate::wire::headers::name;
    use crate::wire::key::KeyComponent;

    fn patch(condition: Option<&str>, conditions: Conditions) -> Result<Box<Modify>> {
        let item = ItemRef {
            container: ContainerRef {
                database: "d".to_owned(),
                container: "c".to_owned(),
            },
            id: "1".to_owned(),
            key: vec![KeyComponent::Text("a".to_owned())],
        };
        let operation = Operation::PatchItem {
            item,
            operations: vec![PatchOperation::Remove("/x".to_owned())],
            condition: condition.map(str::to_owned),
            conditions,
            read_modify_write: true,
        };
        Modify::new(operation, false)
    }

    fn with_token() -> Box<Modify> {
        let conditions = Conditions {
            session_token: Some("0:1#5".to_owned()),
            ..Conditions::default()
        };
        patch(None, conditions).unwrap()
    }

    fn headers(etag: &str, token: &str) -> ResponseHeaders {
        ResponseHeaders {
            etag: Some(etag.to_owned()),
            session_token: Some(token.to_owned()),
            ..ResponseHeaders::default()
        }
    }

    fn failed(status: u16) -> Box<Error> {
        let mut error = Error::new(ErrorKind::Service, "failed");
        error.status = Some(status);
        error.headers = Some(headers("", "0:1#9"));
        error
    }

    #[test]
    fn a_round_is_a_read_and_a_replace_with_its_etag() {
        let mut modify = with_token();
        let sent = |request: &Request, name| request.header(name).map(<[u8]>::to_vec);
        let read = modify.read().unwrap();
        assert_eq!(
            (read.name, read.method.as_str()),
            ("patch_read_item", "GET")
        );
        assert_eq!(read.scope.as_ref().unwrap().patched, ["/x"]);
        assert!(modify.is_reading());
        let replace = modify.replace(br#"{"id":"1","x":2}"#, &headers("\"e\"", "0:1#7,1:1#1"));
        let replace = replace.unwrap();
        assert_eq!(
            (replace.name, replace.method.as_str()),
            ("patch_replace_item", "PUT")
        );
        assert_eq!(replace.body.as_deref().unwrap(), br#"{"id":"1"}"#);
        assert_eq!(sent(&replace, name::IF_MATCH).unwrap(), b"\"e\"");
        assert_eq!(sent(&replace, name::SESSION_TOKEN).unwrap(), b"0:1#7,1:1#1");
        assert!(!modify.is_reading());
        let again = modify.again(failed(412), false).unwrap();
        assert_eq!(sent(&again, name::SESSION_TOKEN).unwrap(), b"0:1#9,1:1#1");
    }

    #[test]
    fn five_rounds_and_no_more() {
        let mut modify = with_token();
        let mut rounds = 0;
        let mut next = modify.read();
        while next.is_ok() {
            rounds += 1;
            modify
                .replace(b"{\"x\":1}", &headers("e", "0:1#1"))
                .unwrap();
            next = modify.again(failed(412), false);
        }
        assert_eq!(rounds, 5);
        assert!(next.unwrap_err().message.contains("five times"));
    }

    #[test]
    fn it_ends_where_nothing_more_is_known() {
        for (status, unsure) in [(404, false), (412, true), (503, false)] {
            let mut modify = with_token();
            modify.read().unwrap();
            modify
                .replace(b"{\"x\":1}", &headers("e", "0:1#1"))
                .unwrap();
            assert!(modify.again(failed(status), unsure).is_err());
        }
        let mut modify = with_token();
        modify.read().unwrap();
        assert!(modify.again(failed(412), false).is_err());
        assert!(modify.replace(b"{}", &headers("e", "0:1#1")).is_err());
        assert!(
            modify
                .replace(b"{\"x\":1}", &ResponseHeaders::default())
                .is_err()
        );
    }

    #[test]
    fn conditions_are_refused() {
        let tied = Conditions {
            precondition: Some(Precondition::IfMatch("e".to_owned())),
            ..Conditions::default()
        };
        for refused in [
            patch(Some("from c"), Conditions::default()),
            patch(None, tied),
        ] {
            assert_eq!(refused.unwrap_err().kind, ErrorKind::InvalidArgument);
        }
    }
}
