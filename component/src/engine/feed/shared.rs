//! A feed as its holders outside see it: pages as answers, one at a time.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use super::{Feed, Page};
use crate::core::diagnostics::Recorder;
use crate::core::{Error, Response, Result};
use crate::engine::World;
use crate::wire::headers::ResponseHeaders;

/// A feed that outlives whoever asks for its pages.
pub struct Shared<W: World>(Rc<RefCell<Feed<W>>>);

impl<W: World> Shared<W> {
    /// The next page as an answer: status 200, or 304 if a change feed has nothing new, or 204 after the last page, without
    /// a request. The record is for a caller who may drop the future; dropping it abandons the page's requests, and the
    /// feed stays where it is.
    ///
    /// # Errors
    /// Those of [`Feed::next_page`]; `invalid-argument` while another page is under way.
    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "so that nobody else gets in meanwhile"
    )]
    pub fn next_page(
        &self,
    ) -> (
        Option<Recorder>,
        impl Future<Output = Result<Response>> + use<W>,
    ) {
        let feed = Rc::clone(&self.0);
        let recorder = feed.try_borrow().ok().map(|feed| feed.record());
        let record = recorder.clone();
        let page = async move {
            let (Ok(mut feed), Some(record)) = (feed.try_borrow_mut(), record) else {
                return Err(Error::invalid(
                    "a page of this feed is under way: ask for one page at a time",
                ));
            };
            record.restart(feed.asker.state.transport.world.now());
            feed.page(record).await.map(response)
        };
        (recorder, page)
    }

    /// Where the feed stands. See [`Feed::continuation`].
    ///
    /// # Errors
    /// `not-resumable`; `invalid-argument` while a page is under way, and for a continuation that would be too long.
    pub fn continuation(&self) -> Result<Option<String>> {
        match self.0.try_borrow() {
            Ok(feed) => feed.continuation(),
            Err(_) => Err(Error::invalid(
                "a page of this feed is under way: ask for the continuation when it is there",
            )),
        }
    }
}

impl<W: World> From<Feed<W>> for Shared<W> {
    fn from(feed: Feed<W>) -> Self {
        Self(Rc::new(RefCell::new(feed)))
    }
}

fn response(page: Page) -> Response {
    // One line for each answer that said something.
    let lines = |metrics: Vec<String>| (!metrics.is_empty()).then(|| metrics.join("\n"));
    Response {
        status: page.status,
        body: page.body,
        headers: ResponseHeaders {
            request_charge: page.request_charge,
            session_token: page.session_token,
            query_metrics: lines(page.query_metrics),
            index_metrics: lines(page.index_metrics),
            ..ResponseHeaders::default()
        },
        diagnostics: page.diagnostics,
        results: Vec::new(),
    }
}
