//! Feeds of an instance of the WASI 0.3 face.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use wasmtime::component::{Accessor, ResourceAny};

use super::service::{Service, reply};
use super::{AsyncInstance, Call, Reply};
use crate::bindings::wit;
use crate::error::Error;
use crate::gate::Ticket;
use crate::state::State;
use crate::types::{FeedOperation, FeedOptions, OperationOptions};

type Answer = Result<wit::Response, Error>;

/// A feed of an [`AsyncInstance`]. Clones are the same feed: callers who ask for pages at once get one after the other. The
/// last clone that goes releases it.
#[derive(Clone)]
pub struct AsyncFeed(Arc<OpenFeed>);

struct OpenFeed {
    /// Keeps the instance alive.
    driver: AsyncInstance,
    handle: ResourceAny,
    /// Held while a page is under way. A page that nobody waited for in the end: the next caller's.
    unclaimed: Arc<Mutex<Option<Answer>>>,
}

/// What is done with feeds.
pub(super) enum FeedCall {
    Open(
        ResourceAny,
        Box<(FeedOperation, FeedOptions, OperationOptions)>,
        Reply<Result<ResourceAny, Error>>,
    ),
    NextPage(
        ResourceAny,
        OwnedMutexGuard<Option<Answer>>,
        Option<Ticket>,
        Reply<Answer>,
    ),
    Continuation(ResourceAny, Reply<Result<Option<String>, Error>>),
    Close(ResourceAny, Arc<Mutex<Option<Answer>>>),
}

impl AsyncInstance {
    /// Opens a feed. Sends nothing. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn open_feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<AsyncFeed, Error> {
        let (driver, call) = (self.0.handle, Box::new((operation, feed, options)));
        let open = |reply| Call::Feed(FeedCall::Open(driver, call, reply));
        let handle = self.0.instance.call(open).await??;
        Ok(AsyncFeed(Arc::new(OpenFeed {
            driver: self.clone(),
            handle,
            unclaimed: Arc::default(),
        })))
    }
}

impl AsyncFeed {
    /// The next page: status 200, 304 if a change feed has nothing new, or 204 after the last one. A call that is dropped
    /// loses nothing: its page is the next caller's. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn next_page(&self) -> Result<wit::Response, Error> {
        self.next_page_with(None).await
    }

    /// The ticket goes when the page is there, whether or not its caller still waits.
    pub(crate) async fn next_page_with(
        &self,
        ticket: Option<Ticket>,
    ) -> Result<wit::Response, Error> {
        let mut turn = Arc::clone(&self.0.unclaimed).lock_owned().await;
        if let Some(page) = turn.take() {
            return page;
        }
        let handle = self.0.handle;
        let next = |reply| Call::Feed(FeedCall::NextPage(handle, turn, ticket, reply));
        self.0.driver.0.instance.call(next).await?
    }

    /// Where the feed stands, once the page that is under way is there; none at its end. Errors: [`Error::Driver`], also
    /// `invalid-argument` while a page waits that nobody took, because its rows would be passed over; [`Error::Instance`].
    pub async fn continuation(&self) -> Result<Option<String>, Error> {
        let unclaimed = self.0.unclaimed.lock().await;
        if unclaimed.is_some() {
            return Err(Error::invalid_argument(
                "a call for a page was dropped, and its page waits for the next caller: take it, and ask again",
            ));
        }
        let handle = self.0.handle;
        let ask = |reply| Call::Feed(FeedCall::Continuation(handle, reply));
        self.0.driver.0.instance.call(ask).await?
    }
}

impl Drop for OpenFeed {
    /// Once the page that is under way is there. If the instance has ended, there is nothing to release.
    fn drop(&mut self) {
        let call = Call::Feed(FeedCall::Close(self.handle, self.unclaimed.clone()));
        drop(self.driver.0.instance.calls.send(call));
    }
}

impl std::fmt::Debug for AsyncFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncFeed").finish_non_exhaustive()
    }
}

impl Service {
    /// Fails if the guest traps.
    pub(super) async fn feed(
        &self,
        store: &Accessor<State>,
        call: FeedCall,
    ) -> wasmtime::Result<()> {
        match call {
            FeedCall::Open(driver, call, answer) => {
                let (operation, feed, options) = *call;
                let guest = self.guest.driver();
                let opened = guest.call_open_feed(store, driver, operation, feed, options);
                let opened = opened.await?.map_err(Error::from);
                if let Err(Ok(feed)) = answer.send(opened) {
                    self.guest.feed().call_close(store, feed).await?;
                }
            }
            FeedCall::NextPage(feed, mut unclaimed, _ticket, answer) => {
                let page = self.guest.feed().call_next_page(store, feed).await?;
                *unclaimed = answer.send(page.map_err(Error::from)).err();
            }
            FeedCall::Continuation(feed, answer) => {
                let continuation = self.guest.feed().call_continuation(store, feed).await?;
                reply(answer, continuation.map_err(Error::from));
            }
            FeedCall::Close(feed, unclaimed) => {
                let _turn = unclaimed.lock().await;
                self.guest.feed().call_close(store, feed).await?;
            }
        }
        Ok(())
    }
}
