//! placeholder until the ingest branch is merged
use serde::{Deserialize, Serialize};
/// Conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Conditions {}
