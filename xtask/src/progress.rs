//! Runs cargo and shows how far it is: a bar on a terminal, plain lines elsewhere.

use std::io::{BufReader, IsTerminal, PipeReader, Read};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// What to do with what the command says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Pass it on as it comes.
    Show,
    /// Keep it for the caller, who shows it if the command fails.
    Keep,
}

/// How a command ended.
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) elapsed: Duration,
    /// What it wrote to stdout and stderr, without progress. Empty with [`Output::Show`].
    pub(crate) said: String,
}

/// Runs `command` (cargo, or something like it) to its end.
///
/// # Errors
/// The command could not be started. That it fails is not an error here: see [`Finished::success`].
pub(crate) fn run(title: &str, mut command: Command, output: Output) -> Result<Finished> {
    let start = Instant::now();
    let (reader, writer) = std::io::pipe()?;
    let mut view = View::new(title, output);
    if view.on_terminal() {
        // Into a pipe, cargo draws its bar and its colours only when told to.
        command.env("CARGO_TERM_PROGRESS_WHEN", "always");
        command.env("CARGO_TERM_PROGRESS_WIDTH", "200");
        command.env("CARGO_TERM_COLOR", "always");
    }
    command.stdout(writer.try_clone()?).stderr(writer);
    let tool = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run `{tool}`"))?;
    // The command holds the pipe's writing end; while it lives, the reader sees no end.
    drop(command);
    read_lines(reader, |line, end| view.line(line, end))?;
    let success = child.wait()?.success();
    Ok(Finished {
        success,
        elapsed: start.elapsed(),
        said: view.close(),
    })
}

/// Runs `command` and shows its output.
///
/// # Errors
/// It could not be started, or it failed.
pub(crate) fn run_shown(title: &str, command: Command) -> Result<Duration> {
    let finished = run(title, command, Output::Show)?;
    anyhow::ensure!(
        finished.success,
        "{title} failed; the messages above say why"
    );
    Ok(finished.elapsed)
}

/// A short form of a time for people: `0.4 s`, `2 min 05 s`.
pub(crate) fn seconds(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

/// What ended a line: cargo redraws its progress after a carriage return.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Return,
    Newline,
}

fn read_lines(reader: PipeReader, mut each: impl FnMut(&str, LineEnd)) -> Result<()> {
    let mut line = Vec::new();
    for byte in BufReader::new(reader).bytes() {
        let end = match byte? {
            b'\r' => LineEnd::Return,
            b'\n' => LineEnd::Newline,
            byte => {
                line.push(byte);
                continue;
            }
        };
        each(&String::from_utf8_lossy(&line), end);
        line.clear();
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line), LineEnd::Newline);
    }
    Ok(())
}

/// What the user sees.
struct View {
    bar: ProgressBar,
    output: Output,
    said: String,
}

impl View {
    fn new(title: &str, output: Output) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new_spinner().with_style(style("{spinner} {prefix} {elapsed} {wide_msg}"))
        } else {
            ProgressBar::hidden()
        };
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        if bar.is_hidden() && output == Output::Show {
            eprintln!("{title} ...");
        }
        Self {
            bar,
            output,
            said: String::new(),
        }
    }

    fn on_terminal(&self) -> bool {
        !self.bar.is_hidden()
    }

    fn line(&mut self, raw: &str, end: LineEnd) {
        let plain = console::strip_ansi_codes(raw);
        let plain = plain.trim();
        if let Some((done, total, crates)) = cargo_progress(plain) {
            self.bar.set_style(style(
                "{spinner} {prefix} [{bar:24}] {pos}/{len} {elapsed} {wide_msg}",
            ));
            self.bar.set_length(total);
            self.bar.set_position(done);
            self.bar.set_message(crates.to_owned());
        } else if end == LineEnd::Return {
            // An erased line.
        } else if is_cargo_status(plain) && (self.on_terminal() || self.output == Output::Keep) {
            // Before cargo has counted the crates, this is the only sign of life.
            if self.bar.length().is_none() {
                self.bar.set_message(plain.to_owned());
            }
        } else {
            self.tell(raw);
        }
    }

    fn tell(&mut self, line: &str) {
        match self.output {
            Output::Show => self.bar.suspend(|| eprintln!("{line}")),
            Output::Keep => {
                self.said.push_str(line);
                self.said.push('\n');
            }
        }
    }

    fn close(self) -> String {
        self.bar.finish_and_clear();
        self.said
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Reads cargo's own bar, `Building [===>  ] 12/345: serde, syn`: done, total, what is being compiled.
fn cargo_progress(line: &str) -> Option<(u64, u64, &str)> {
    let (_, numbers) = line.split_once("] ")?;
    let (numbers, crates) = numbers.split_once(':').unwrap_or((numbers, ""));
    let (done, total) = numbers.split_once('/')?;
    Some((
        done.trim().parse().ok()?,
        total.trim().parse().ok()?,
        crates.trim(),
    ))
}

/// Whether cargo says what it is doing, which a bar shows better.
fn is_cargo_status(line: &str) -> bool {
    const STATUS: [&str; 9] = [
        "Blocking",
        "Checking",
        "Compiling",
        "Downloaded",
        "Downloading",
        "Finished",
        "Locking",
        "Updating",
        "Documenting",
    ];
    line.split_once(' ')
        .is_some_and(|(verb, _)| STATUS.contains(&verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_progress_is_read() {
        let line = "Building [=====>      ] 25/100: serde, syn(build)";
        assert_eq!(cargo_progress(line), Some((25, 100, "serde, syn(build)")));
        assert_eq!(cargo_progress("Building [=>] 0/7"), Some((0, 7, "")));
    }

    #[test]
    fn diagnostics_are_not_progress() {
        for line in [
            "error[E0308]: mismatched types",
            "  |     a[0] 1/2x: y",
            "",
            "warning: a [b] c",
        ] {
            assert_eq!(cargo_progress(line), None, "{line}");
            assert!(!is_cargo_status(line), "{line}");
        }
    }

    #[test]
    fn lines_end_with_return_or_newline() -> Result<()> {
        let (reader, mut writer) = std::io::pipe()?;
        std::io::Write::write_all(&mut writer, b"bar 1\rbar 2\rerror: x\n\n  at y\nlast")?;
        drop(writer);
        let mut seen = Vec::new();
        read_lines(reader, |line, end| {
            seen.push((line.to_owned(), end == LineEnd::Newline))
        })?;
        let expected = [
            ("bar 1", false),
            ("bar 2", false),
            ("error: x", true),
            ("", true),
            ("  at y", true),
            ("last", true),
        ];
        assert_eq!(
            seen,
            expected.map(|(line, newline)| (line.to_owned(), newline))
        );
        Ok(())
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
