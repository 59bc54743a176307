//! Plays steps on a connection.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Stage;
use super::connection::{Connection, Head, Rest};
use super::gate::Gate;
use super::log::{Log, Seen};
use super::step::{Action, Step};

/// The filling of huge bodies.
static FILLING: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// Answers the requests of one connection until it ends.
pub(super) async fn converse(stream: TcpStream, number: u64, stage: Arc<Stage>) {
    let mut connection = Connection::new(stream);
    while let Some(mut turn) = Turn::begin(&mut connection, number, &stage.log).await {
        match turn.play(stage.step(turn.number())).await {
            Ok(Next::KeepAlive) => {}
            Ok(Next::End) => return,
            Err(_) => return turn.abandon(),
        }
    }
}

fn seen(connection: u64, head: Head) -> Seen {
    Seen {
        connection,
        method: head.method,
        path: head.path,
        headers: head.headers,
        body: BytesMut::new(),
        complete: false,
        abandoned: false,
    }
}

/// What becomes of a connection after a step.
pub(crate) enum Next {
    KeepAlive,
    End,
}

/// One request and what is done to it.
pub(crate) struct Turn<'a> {
    connection: &'a mut Connection,
    log: &'a Log,
    number: usize,
    /// What is left of the body; none once it was read.
    rest: Option<Rest>,
}

impl<'a> Turn<'a> {
    /// Reads the next request's head and enters it in the log. None when the client has closed or sends no HTTP.
    pub(crate) async fn begin(
        connection: &'a mut Connection,
        connection_number: u64,
        log: &'a Log,
    ) -> Option<Self> {
        let head = connection.head().await.ok()??;
        let rest = Some(head.rest());
        let number = log.enter(seen(connection_number, head));
        Some(Self {
            connection,
            log,
            number,
            rest,
        })
    }

    /// The request's number in the log.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Notes that the client went away.
    pub(crate) fn abandon(&self) {
        self.log.update(self.number, |seen| seen.abandoned = true);
    }

    /// Plays a step. Errors: the client went away.
    pub(crate) async fn play(&mut self, step: &Step) -> io::Result<Next> {
        for action in &step.0 {
            match action {
                Action::ReadBody => self.read_body().await?,
                Action::Wait(gate) => self.wait(gate.as_ref()).await?,
                Action::Write(bytes) => self.connection.stream.write_all(bytes).await?,
                Action::Fill(bytes) => self.fill(*bytes).await?,
                Action::Close => return Ok(Next::End),
                Action::Reset => {
                    self.connection.stream.set_zero_linger()?;
                    return Ok(Next::End);
                }
            }
        }
        self.read_body().await?;
        Ok(Next::KeepAlive)
    }

    /// Reads what is left of the body.
    pub(crate) async fn read_body(&mut self) -> io::Result<()> {
        while let Some(rest) = self.rest {
            let piece: Option<(Bytes, Rest)> = self.connection.piece(rest).await?;
            self.rest = piece.as_ref().map(|(_, rest)| *rest);
            self.log.update(self.number, |seen| match &piece {
                Some((piece, _)) => seen.body.extend_from_slice(piece),
                None => seen.complete = true,
            });
        }
        Ok(())
    }

    /// Waits for a gate, or for ever. A client can only be seen to leave by reading, which must not happen before
    /// the body's turn.
    pub(crate) async fn wait(&mut self, gate: Option<&Gate>) -> io::Result<()> {
        let opened = async {
            match gate {
                Some(gate) => gate.opened().await,
                None => std::future::pending().await,
            }
        };
        if self.rest.is_some() {
            opened.await;
            return Ok(());
        }
        tokio::select! {
            () = opened => Ok(()),
            error = self.connection.gone() => Err(error),
        }
    }

    async fn fill(&mut self, bytes: u64) -> io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            let length = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(FILLING.len());
            self.connection.stream.write_all(&FILLING[..length]).await?;
            left -= length as u64;
        }
        Ok(())
    }
}
