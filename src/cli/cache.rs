//! The options of commands that keep networks for later runs.

use std::path::PathBuf;

use clap::Args;

use crate::network::cache::Cache;

/// Where networks are kept.
#[derive(Debug, Clone, Default, Args)]
pub struct CacheArgs {
    /// Keep built road networks here; by default in `gandan` in the user's cache folder, or where GANDAN_CACHE says
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache: Option<PathBuf>,
    /// Neither use nor keep built road networks
    #[arg(long)]
    no_cache: bool,
}

impl CacheArgs {
    /// The cache to use, if any.
    pub fn open(&self) -> Option<Cache> {
        if self.no_cache { None } else { self.cache.clone().map(Cache::new).or_else(Cache::of_user) }
    }
}
