//! A live line about a long command, on terminals only.

use std::io::{self, IsTerminal as _};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// Goes away when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// A bar for so many bytes; unknown: a line without a bar. Nothing if standard error is no terminal.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        let bar = match bytes {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(bytes) => ProgressBar::new(bytes),
            None => ProgressBar::no_length(),
        };
        let template = if bytes.is_some() {
            "{bar:32} {percent:>3} %  {msg}"
        } else {
            "{msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            begun: Instant::now(),
        }
    }

    /// What is done now: at this byte, with so many items of this run.
    pub(crate) fn at(&self, byte: u64, items: u64, more: &str) {
        self.bar.set_position(byte);
        let rate = self.rate(items);
        self.bar
            .set_message(format!("{items} items, {rate:.0}/s{more}"));
    }

    /// Prints a line about what happens, above the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Items per second since the beginning.
    pub(crate) fn rate(&self, items: u64) -> f64 {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        items as f64 / seconds
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
