//! `gandan completions`: what a shell needs to complete commands and options.

use clap::Args;
use clap_complete::Shell;

use crate::error::Result;

/// Arguments of `gandan completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// None of its own.
pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "gandan", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Ok(())
}
