//! Plays steps on a connection.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::connection::{Connection, Head, Rest};
use super::gate::Gate;
use super::step::{Action, Step};
use super::{Seen, Stage};

/// The filling of huge bodies.
static FILLING: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// Answers the requests of one connection until it ends.
pub(super) async fn converse(stream: TcpStream, number: u64, stage: Arc<Stage>) {
    let mut connection = Connection::new(stream);
    while let Ok(Some(head)) = connection.head().await {
        let rest = head.rest();
        let (number, step) = stage.enter(seen(number, head));
        let mut turn = Turn {
            connection: &mut connection,
            stage: &stage,
            number,
            rest: Some(rest),
        };
        match turn.play(step).await {
            Ok(Next::KeepAlive) => {}
            Ok(Next::End) => return,
            Err(_) => return stage.update(number, |seen| seen.abandoned = true),
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
enum Next {
    KeepAlive,
    End,
}

/// One request and its step.
struct Turn<'a> {
    connection: &'a mut Connection,
    stage: &'a Stage,
    number: usize,
    /// What is left of the body; none once it was read.
    rest: Option<Rest>,
}

impl Turn<'_> {
    /// Plays a step. Errors: the client went away.
    async fn play(&mut self, step: &Step) -> io::Result<Next> {
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

    async fn read_body(&mut self) -> io::Result<()> {
        while let Some(rest) = self.rest {
            let piece: Option<(Bytes, Rest)> = self.connection.piece(rest).await?;
            self.rest = piece.as_ref().map(|(_, rest)| *rest);
            self.stage.update(self.number, |seen| match &piece {
                Some((piece, _)) => seen.body.extend_from_slice(piece),
                None => seen.complete = true,
            });
        }
        Ok(())
    }

    /// Waits for a gate, or for ever. A client can only be seen to leave by reading, which must not happen before
    /// the body's turn.
    async fn wait(&mut self, gate: Option<&Gate>) -> io::Result<()> {
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
