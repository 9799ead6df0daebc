//! What on a node matters to those who pass it: barriers, crossings, signals.
//!
//! After the OSM wiki's *Key:barrier*, *Key:crossing*, *Key:highway* (nodes), *Key:traffic_calming* and
//! *Tag:railway=level_crossing*.

use super::tags::{BARRIER, HIGHWAY, KEYS, OnNode, RAILWAY, Strings, UNKNOWN, pair};

/// Gathers the tags of a node.
pub(super) struct Mark<'a> {
    pairs: &'a mut Vec<u64>,
    marks: bool,
    barrier: bool,
}

impl<'a> Mark<'a> {
    /// Starts a node; `pairs` is the memory for its kept tags.
    pub(super) fn new(pairs: &'a mut Vec<u64>) -> Self {
        pairs.clear();
        Mark { pairs, marks: false, barrier: false }
    }

    /// Takes a tag by its places in the string table.
    pub(super) fn tag(&mut self, strings: &Strings<'_>, key: u64, value: u64) -> Result<(), &'static str> {
        let (key, text) = (strings.key(key)?, strings.bytes(value)?);
        if key == UNKNOWN {
            return Ok(());
        }
        match KEYS[usize::from(key)].on_node {
            OnNode::Dropped => return Ok(()),
            OnNode::Mark => self.marks = true,
            OnNode::Detail | OnNode::Access => {}
            OnNode::ByValue => {
                let passed = match key {
                    HIGHWAY => {
                        matches!(text, b"traffic_signals" | b"crossing" | b"stop" | b"give_way" | b"mini_roundabout")
                    }
                    RAILWAY => text == b"level_crossing",
                    _ => false,
                };
                if !passed {
                    return Ok(());
                }
                self.marks = true;
            }
        }
        self.barrier |= key == BARRIER;
        self.pairs.push(pair(key, value));
        Ok(())
    }

    /// Whether the node is a mark; its tags then are the pairs. Access is kept of barriers only.
    pub(super) fn counts(self) -> bool {
        if self.marks && !self.barrier {
            self.pairs.retain(|&p| KEYS[(p >> 32) as usize].on_node != OnNode::Access);
        }
        self.marks
    }
}
