//! Ways by name: for scenarios that speak of a bridge or a street as people do.

use std::collections::BTreeSet;
use std::path::Path;

use super::block::Trouble;
use super::elements::{View, with_block};
use super::scan::{of_each, scan};
use crate::error::Result;

/// The keys that hold the name of a road or of the bridge it runs over.
const NAME_KEYS: [&[u8]; 2] = [b"name", b"bridge:name"];

/// For each of some names, the ids of the ways with `highway` or `route` that bear it, ascending.
///
/// # Errors
/// The file cannot be read or is damaged.
pub fn ways_named(path: &Path, names: &[String]) -> Result<Vec<Vec<i64>>> {
    let mut found = vec![BTreeSet::new(); names.len()];
    scan(path, None, |blocks| {
        for block in of_each(path, &blocks, |bytes| with_block(bytes, |view| in_block(view, names)))? {
            block.into_iter().for_each(|(name, way)| _ = found[name].insert(way));
        }
        Ok(())
    })?;
    Ok(found.into_iter().map(|ways| ways.into_iter().collect()).collect())
}

/// Index of the name and id of each way of a block that bears one of the names.
fn in_block(view: &View<'_>, names: &[String]) -> Result<Vec<(usize, i64)>, Trouble> {
    let mut found = Vec::new();
    // Most blocks hold none of the names at all.
    let holds = |name: &String| view.texts().contains(&name.as_bytes());
    if !names.iter().any(holds) {
        return Ok(found);
    }
    view.ways(|id, tags, _| {
        let mut is_road = false;
        let first = found.len();
        for &(key, value) in tags {
            let (key, value) = (view.bytes(key)?, view.bytes(value)?);
            is_road |= matches!(key, b"highway" | b"route");
            if NAME_KEYS.contains(&key) {
                found.extend(names.iter().position(|name| name.as_bytes() == value).map(|name| (name, id)));
            }
        }
        if !is_road {
            found.truncate(first);
        }
        Ok(())
    })?;
    Ok(found)
}
