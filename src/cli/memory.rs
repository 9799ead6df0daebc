//! The option that bounds the memory of a run.

use clap::Args;

use crate::memory::size;

/// How much memory a run may take.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct MemoryArgs {
    /// Refuse early what would need more memory than this, e.g. 2GiB or 800MB, with an estimate by stage.
    ///
    /// The estimate is made twice, from the files' sizes and again when cells and sites are known, and usually lies
    /// between what is needed and twice that. It is no promise: a hard problem may make the solver take more than any
    /// estimate. What was held is looked at after each stage, so a stage that takes too much is only stopped at its end.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_memory: Option<u64>,
}

impl MemoryArgs {
    /// In bytes.
    pub(super) fn most_bytes(self) -> Option<u64> {
        self.max_memory
    }
}
