//! Networks kept from one run to the next.
//!
//! A file is named by the SHA-256 of all that makes the network: the version of the program and the code that builds
//! networks, the bytes of the roads, the box that they are clipped to and the settings of the modes. So a file is never
//! out of date, only unused. A damaged file is as good as none.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use petgraph::csr::Csr;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Mode, Network};
use crate::error::{Fault, Result};
use crate::files::PendingFile;
use crate::units::LonLat;

/// First bytes of a cache file.
const MAGIC: &[u8; 16] = b"gandan network\n\0";
/// Files beyond this many, the longest unused ones, are removed.
const KEPT_FILES: usize = 12;

/// A network and the water of its map.
#[derive(Debug, Serialize, Deserialize)]
pub struct Roads {
    /// The network with its hierarchies, if it has any.
    pub network: Network,
    /// Shapes of water: points, and whether they bound an area.
    pub water: Vec<(Vec<LonLat>, bool)>,
}

/// A folder of networks.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// The name of a network in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of the network of a file of roads.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(roads: &Path, clip: [f64; 4], modes: &[Mode]) -> Result<Key> {
        let mut hash = Sha256::new();
        hash.update(concat!(env!("CARGO_PKG_VERSION"), " ", env!("GANDAN_NETWORK_CODE")));
        clip.iter().for_each(|c| hash.update(c.to_le_bytes()));
        let settings = serde_json::to_vec(modes)
            .map_err(|e| Fault::new("internal::modes", format!("the modes cannot be written down: {e}")))?;
        hash.update((settings.len() as u64).to_le_bytes());
        hash.update(&settings);
        let mut file = crate::files::open(roads).map_err(|e| Fault::io("read the roads", roads, &e))?;
        std::io::copy(&mut file, &mut Hashing(&mut hash)).map_err(|e| Fault::io("read the roads", roads, &e))?;
        Ok(Key(hash.finalize().into()))
    }

    fn file_name(&self) -> String {
        format!("{}.network", crate::files::hex(&self.0[..16]))
    }
}

/// A hash that can be written to.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Cache {
    /// A cache in a folder, which is made when something is stored.
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The user's cache: `GANDAN_CACHE`, else `gandan` in `XDG_CACHE_HOME` or `~/.cache`; none where no home is known.
    pub fn of_user() -> Option<Cache> {
        let from = |key: &str| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = from("GANDAN_CACHE").or_else(|| {
            let base = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")))?;
            Some(base.join("gandan"))
        });
        folder.map(Cache::new)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where fetched files are kept, beside the networks.
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// The network with a key, if it is there and whole.
    pub fn load(&self, key: &Key) -> Option<Roads> {
        let path = self.folder.join(key.file_name());
        let mut file = fs::File::open(&path).ok()?;
        let mut head = [0; MAGIC.len() + 64];
        file.read_exact(&mut head).ok()?;
        let (magic, hashes) = head.split_at(MAGIC.len());
        // Looked at first, so that a large file of something else is not read.
        if magic != MAGIC || hashes[..32] != key.0 {
            return None;
        }
        let mut body = Vec::new();
        file.read_to_end(&mut body).ok()?;
        let whole = hashes[32..] == Sha256::digest(&body)[..];
        let roads = if whole { postcard::from_bytes(&body).ok()? } else { return None };
        // Marks it as used, so that it is not the next to go; a folder that may not be written loses just that.
        let _ = fs::File::options().append(true).open(&path).and_then(|f| f.set_modified(std::time::SystemTime::now()));
        Some(roads)
    }

    /// Stores a network, whole or not at all, and removes what has been unused longest.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn store(&self, key: &Key, roads: &Roads) -> Result<()> {
        let body = postcard::to_allocvec(roads)
            .map_err(|e| Fault::new("internal::cache", format!("the network cannot be written down: {e}")))?;
        let failed = |e: std::io::Error| Fault::io("keep the network for later runs", &self.folder, &e);
        let pending = PendingFile::begin(&self.folder.join(key.file_name()), true)?;
        let mut file = fs::File::create(pending.path()).map_err(failed)?;
        [MAGIC.as_slice(), &key.0, &Sha256::digest(&body), &body]
            .into_iter()
            .try_for_each(|part| file.write_all(part))
            .map_err(failed)?;
        drop(file);
        // The hash in it tells whether it is whole.
        pending.commit_soon()?;
        Ok(self.remove_old().map_err(failed)?)
    }

    fn remove_old(&self) -> std::io::Result<()> {
        let mut files: Vec<_> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let ours = path.extension().is_some_and(|e| e == "network");
                let used = path.metadata().and_then(|m| m.modified()).ok()?;
                ours.then_some((used, path))
            })
            .collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(KEPT_FILES) {
            match fs::remove_file(path) {
                // Another run removed it first.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }
}

/// The arcs of a graph in compressed rows, as they are written.
pub(super) mod arcs {
    use super::{Csr, Deserialize, Serialize};
    use serde::{Deserializer, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    struct Rows {
        degrees: Vec<u32>,
        heads: Vec<u32>,
        weights: Vec<u32>,
    }

    pub fn serialize<S: Serializer>(graph: &Csr<(), u32>, to: S) -> Result<S::Ok, S::Error> {
        let nodes = || 0..graph.node_count() as u32;
        let rows = Rows {
            degrees: nodes().map(|n| graph.neighbors_slice(n).len() as u32).collect(),
            heads: nodes().flat_map(|n| graph.neighbors_slice(n)).copied().collect(),
            weights: nodes().flat_map(|n| graph.edges_slice(n)).copied().collect(),
        };
        rows.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Csr<(), u32>, D::Error> {
        let rows = Rows::deserialize(from)?;
        let arcs: Vec<(u32, u32, u32)> = rows
            .degrees
            .iter()
            .enumerate()
            .flat_map(|(node, &degree)| std::iter::repeat_n(node as u32, degree as usize))
            .zip(rows.heads.iter().zip(&rows.weights))
            .map(|(tail, (&head, &weight))| (tail, head, weight))
            .collect();
        let mut graph = Csr::from_sorted_edges(&arcs).map_err(|_| D::Error::custom("arcs out of order"))?;
        while graph.node_count() < rows.degrees.len() {
            graph.add_node(());
        }
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::osm::read_extract;
    use crate::network::build::build_network;
    use crate::network::modes::{SpeedSet, resolve_modes};

    const EVERYWHERE: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];

    fn demo() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf")
    }

    #[test]
    fn what_is_stored_comes_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("made/when/needed"));
        let modes = resolve_modes(&Default::default(), SpeedSet::default()).unwrap();
        let key = Key::new(&demo(), EVERYWHERE, &modes).unwrap();
        assert!(cache.load(&key).is_none());
        let mut network = build_network(&read_extract(&demo(), EVERYWHERE).unwrap(), &modes).unwrap();
        network.contract();
        let roads = Roads { network, water: vec![(vec![LonLat { lon: 105.0, lat: 21.0 }], true)] };
        cache.store(&key, &roads).unwrap();
        let back = cache.load(&key).unwrap();
        assert_eq!(format!("{:?}", back.network.streets), format!("{:?}", roads.network.streets));
        assert_eq!(back.water, roads.water);
        for (a, b) in back.network.modes.iter().zip(&roads.network.modes) {
            assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
        for (a, b) in back.network.hierarchies.iter().zip(&roads.network.hierarchies) {
            assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
        // One bit anywhere makes the file worthless, and so does a missing end.
        let path = cache.folder.join(key.file_name());
        let whole = std::fs::read(&path).unwrap();
        for at in [0, 20, 60, 100, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            std::fs::write(&path, damaged).unwrap();
            assert!(cache.load(&key).is_none(), "bit flipped at {at}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(cache.load(&key).is_none());
    }

    #[test]
    fn every_setting_makes_another_key() {
        let average = resolve_modes(&Default::default(), SpeedSet::Average).unwrap();
        let peak = resolve_modes(&Default::default(), SpeedSet::Peak).unwrap();
        let key = |clip, modes: &[Mode]| Key::new(&demo(), clip, modes).unwrap();
        let one = key(EVERYWHERE, &average);
        assert_eq!(one, key(EVERYWHERE, &average));
        assert_ne!(one, key(EVERYWHERE, &peak));
        assert_ne!(one, key(EVERYWHERE, &average[..2]));
        assert_ne!(one, key([-180.0, -90.0, 180.0, 89.0], &average));
    }

    #[test]
    fn the_longest_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        for i in 0..KEPT_FILES as u64 + 3 {
            let path = folder.path().join(format!("{i:02}.network"));
            let file = std::fs::File::create(&path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000 - i)).unwrap();
        }
        std::fs::write(folder.path().join("other.txt"), "not ours").unwrap();
        cache.remove_old().unwrap();
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left.len(), KEPT_FILES + 1);
        assert_eq!(left.last().unwrap(), "other.txt");
        assert_eq!(left[KEPT_FILES - 1], "11.network"); // 12, 13 and 14 were older
    }
}
