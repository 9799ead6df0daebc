//! A file read in batches of unpacked blocks, once whole or again in parts: for readers that need more than one pass.

use std::path::Path;

use rayon::prelude::*;

use super::damaged;
use super::frames::{Frame, FramePlace, Frames, Unpacker};
use crate::error::Result;
use crate::stages::meter;

/// A data block, unpacked.
pub(super) struct RawBlock {
    pub(super) at: FramePlace,
    /// The `PrimitiveBlock` message.
    pub(super) bytes: Vec<u8>,
}

/// Unpacks the blocks of a file in parallel and hands them over batch by batch, in file order: all, or those at
/// `places`. While a batch is worked on nothing else of the file is in memory but the next blobs, still packed.
///
/// # Errors
/// The file cannot be read or is damaged; what `take` returns.
pub(super) fn scan(
    path: &Path,
    places: Option<&[FramePlace]>,
    mut take: impl FnMut(Vec<RawBlock>) -> Result<()> + Send,
) -> Result<()> {
    let wrong = |(number, what): (usize, String)| damaged(path, number, what);
    let mut frames = Frames::open(path)?;
    if let Some(places) = places {
        meter::expect(places.len(), "blocks");
    }
    let mut again = places.map(|places| places.iter().copied());
    let mut batch = || match &mut again {
        Some(places) => frames.again(places),
        None => frames.batch(),
    };
    let unpacked = |frames: Vec<Frame>| -> Result<Vec<RawBlock>, (usize, String)> {
        frames
            .into_par_iter()
            .with_max_len(1)
            .map_init(Unpacker::new, |unpacker, Frame { at, bytes }| match unpacker.unpack(&bytes) {
                Ok(raw) => Ok(RawBlock { at, bytes: raw.to_vec() }),
                Err(what) => Err((at.number, what)),
            })
            .collect()
    };
    let mut packed = batch().map_err(wrong)?;
    while !packed.is_empty() {
        crate::stages::go_on()?;
        if places.is_some() {
            meter::advance(packed.len());
        }
        let (done, next) = rayon::join(|| unpacked(packed).map_err(wrong).and_then(&mut take), &mut batch);
        done?;
        packed = next.map_err(wrong)?;
    }
    Ok(())
}

/// Works on the blocks of a batch in parallel; the results come in file order.
///
/// # Errors
/// The first block of the file that is damaged.
pub(super) fn of_each<T: Send>(
    path: &Path,
    blocks: &[RawBlock],
    work: impl Fn(&[u8]) -> Result<T, String> + Sync,
) -> Result<Vec<T>> {
    let done: Vec<Result<T, String>> = blocks.par_iter().with_max_len(1).map(|block| work(&block.bytes)).collect();
    let numbered = done.into_iter().zip(blocks);
    numbered.map(|(done, block)| done.map_err(|what| damaged(path, block.at.number, what))).collect()
}
