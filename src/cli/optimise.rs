//! placeholder until the branch is merged
use crate::error::Result;
#[derive(Debug, clap::Args)]
pub struct OptimiseArgs {}
pub fn run(_args: OptimiseArgs) -> Result<()> { Ok(()) }
