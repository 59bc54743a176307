//! The servers of the sites.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};

use super::fault::{Deed, Effect};
use super::log::Journal;
use super::world::World;
use crate::scripted::{Connection, Next, Seen, Turn};
use crate::thread::accept;

/// What the sites share.
#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) journal: Journal,
}

impl Shared {
    pub(super) fn new(world: World, journal: Journal) -> Self {
        Self {
            world: Mutex::new(world),
            journal,
        }
    }

    /// The account's state.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a request.
    fn seen(&self, number: usize) -> Seen {
        self.journal.log.look(|seen| seen[number].clone())
    }
}

/// Serves a site for as long as its thread lives.
pub(super) async fn serve(listener: TcpListener, site: usize, shared: Arc<Shared>) {
    loop {
        let stream = accept(&listener).await;
        let number = shared.journal.connected(site);
        tokio::spawn(converse(stream, number, site, shared.clone()));
    }
}

/// Answers the requests of one connection until it ends.
async fn converse(stream: TcpStream, number: u64, site: usize, shared: Arc<Shared>) {
    let mut connection = Connection::new(stream);
    while let Some(mut turn) = Turn::begin(&mut connection, number, &shared.journal.log).await {
        let effect = {
            let head = shared.seen(turn.number());
            shared.world().rules.effect(site, &head)
        };
        match answer(&mut turn, effect, site, &shared).await {
            Ok(Next::KeepAlive) => {}
            Ok(Next::End) => return,
            Err(_) => return turn.abandon(),
        }
    }
}

/// Does to a request what its effect says. Errors: the client went away.
async fn answer(
    turn: &mut Turn<'_>,
    effect: Effect,
    site: usize,
    shared: &Shared,
) -> io::Result<Next> {
    if let Some(gate) = &effect.gate {
        turn.read_body().await?;
        turn.wait(Some(gate)).await?;
    }
    // A step says itself when the body is read.
    if !matches!(effect.deed, Deed::Play(_)) {
        turn.read_body().await?;
    }
    let request = shared.seen(turn.number());
    let served = || shared.world().answer(site, &request);
    let step = match effect.deed {
        Deed::Serve => served().step(&request, None),
        Deed::HoldBody(gate) => served().step(&request, Some(&gate)),
        Deed::Refuse(answer) => answer.step(&request, None),
        Deed::Play(step) => step,
        Deed::Lose(step) => {
            served();
            step
        }
    };
    turn.play(&step).await
}
