//! The options of commands that keep networks for later runs.

use std::path::PathBuf;

use clap::Args;

use super::progress::verbose;
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
        let cache = if self.no_cache { None } else { self.cache.clone().map(Cache::new).or_else(Cache::of_user) };
        if verbose() {
            let kept =
                cache.as_ref().map_or("kept nowhere".to_owned(), |c| format!("kept in {}", c.folder().display()));
            let (version, threads) = (env!("CARGO_PKG_VERSION"), rayon::current_num_threads());
            eprintln!("gandan {version}, {threads} threads, networks {kept}");
        }
        cache
    }
}
