//! An agent in a process of its own.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::agent::Agent;

/// A program that reads steps from its standard input and writes what came of them to its standard output, each a line of
/// JSON. It ends when its input does.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    steps: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the program.
    ///
    /// # Errors
    /// There is no such program.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let taken = child.stdin.take().zip(child.stdout.take());
        let (steps, answers) = taken.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            steps,
            answers: BufReader::new(answers),
        })
    }
}

impl Agent for Process {
    fn step(&mut self, step: &Value) -> io::Result<Value> {
        writeln!(self.steps, "{step}")?;
        self.steps.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            return Err(io::Error::other(format!("the agent ended: {status}")));
        }
        serde_json::from_str(&line)
            .map_err(|error| io::Error::other(format!("the agent said `{line}`: {error}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It would end by itself, once its input does; a broken one might not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
