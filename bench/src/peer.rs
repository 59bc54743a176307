//! A client in a process of its own: it reads a [`Load`] from each line of its input, and answers with what it measured.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::Settings;
use crate::load::{Client, Load, Measured, measure};
use crate::machine;

/// The side of the process: until its input ends.
pub(crate) fn serve(open: impl Future<Output = Result<Box<dyn Client>>>) -> Result<()> {
    machine::pin(machine::CLIENT);
    machine::many_sockets()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut client = open.await?;
        println!("ready");
        // Nothing else runs meanwhile: reading may block.
        for line in std::io::stdin().lock().lines() {
            let load: Load = serde_json::from_str(&line?)?;
            let measured = measure(&mut *client, load).await?;
            println!("{}", serde_json::to_string(&measured)?);
        }
        Ok(())
    })
}

/// The side of the one who asks. The process ends with this value.
pub(crate) struct Peer {
    process: Process,
    input: ChildStdin,
}

impl Peer {
    /// Starts this program again as the client `name`, and waits until it can answer.
    pub(crate) fn start(settings: &Settings, name: &str, endpoint: &str) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["client", name, endpoint, "--components"]);
        command.arg(&settings.components).stdin(Stdio::piped());
        // The native driver would capture backtraces, a fifth of its cost, on its way to a successful answer.
        for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
            command.env_remove(name);
        }
        let mut process = Process::start(&mut command)?;
        let input = process.child.stdin.take().context("it has an input")?;
        let ready = process
            .line()
            .with_context(|| format!("{name} does not start"))?;
        if ready != "ready" {
            bail!("{name} says {ready:?}");
        }
        Ok(Self { process, input })
    }

    /// Lets it do something.
    pub(crate) fn ask(&mut self, load: &Load) -> Result<Measured> {
        let mut line = serde_json::to_string(load)?;
        line.push('\n');
        self.input.write_all(line.as_bytes())?;
        Ok(serde_json::from_str(&self.process.line()?)?)
    }
}

/// A child that is killed when it is no longer needed.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("it has an output")?;
        Ok(Self {
            child,
            output: BufReader::new(output),
        })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("it ended early");
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server, and where it is reached.
pub(crate) fn server() -> Result<(Process, String)> {
    let mut command = Command::new(env::current_exe()?);
    let mut server = Process::start(command.arg("serve").stdin(Stdio::null()))?;
    let endpoint = server.line()?;
    Ok((server, endpoint))
}
