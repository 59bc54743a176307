//! `cosmos completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  cosmos completions bash > ~/.local/share/bash-completion/completions/cosmos
  cosmos completions zsh > ~/.zfunc/_cosmos";

/// Arguments of `completions`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the script. Sends nothing.
pub(crate) fn run<C: CommandFactory>(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut C::command(), "cosmos", &mut script);
    super::print(&script)
}
