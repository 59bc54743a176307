//! The server.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};

use super::rule::Deed;
use super::world::World;
use crate::scripted::{Connection, Log, Next, Seen, Turn};
use crate::thread::accept;

/// What the connections share.
#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) log: Log,
    pub(super) connections: AtomicU64,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            log: Log::default(),
            connections: AtomicU64::new(0),
        }
    }

    /// The account's state.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a request.
    fn seen(&self, number: usize) -> Seen {
        self.log.look(|seen| seen[number].clone())
    }
}

/// Serves for as long as the thread lives.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let stream = accept(&listener).await;
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(converse(stream, number, shared.clone()));
    }
}

/// Answers the requests of one connection until it ends.
async fn converse(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    let mut connection = Connection::new(stream);
    while let Some(mut turn) = Turn::begin(&mut connection, number, &shared.log).await {
        match answer(&mut turn, &shared).await {
            Ok(Next::KeepAlive) => {}
            Ok(Next::End) => return,
            Err(_) => return turn.abandon(),
        }
    }
}

/// Does to a request what the rules say, and otherwise serves it. Errors: the client went away.
async fn answer(turn: &mut Turn<'_>, shared: &Shared) -> io::Result<Next> {
    turn.read_body().await?;
    let request = shared.seen(turn.number());
    let served = || shared.world().answer(&request).step(&request);
    let effect = shared.world().rules.effect(&request);
    let step = match effect.map(|effect| effect.0) {
        None => served(),
        Some(Deed::Hold(gate)) => {
            turn.wait(Some(&gate)).await?;
            served()
        }
        Some(Deed::Lose(step)) => {
            served();
            step
        }
        Some(Deed::Refuse(answer)) => answer.step(&request),
        Some(Deed::Play(step)) => step,
    };
    turn.play(&step).await
}
