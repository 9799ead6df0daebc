//! Bytes around an OpenStreetMap block, so that a fuzzer works on roads and not on lengths and checksums.

/// A PBF file of one data block: `block` is the message `PrimitiveBlock`, stored uncompressed.
pub fn pbf_of_block(block: &[u8]) -> Vec<u8> {
    // HeaderBlock: required_features (4), twice.
    let mut header = Vec::new();
    field(&mut header, 4, b"OsmSchema-V0.6");
    field(&mut header, 4, b"DenseNodes");
    let mut file = Vec::with_capacity(block.len() + 64);
    frame(&mut file, b"OSMHeader", &header);
    frame(&mut file, b"OSMData", block);
    file
}

/// The bytes of a `PrimitiveBlock` are framed; a file is taken as it is. A file begins with the length of a short
/// message in four bytes, the first of which are 0, and no field of a message has the number 0.
pub fn pbf_of(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(&[0, 0]) { bytes.to_vec() } else { pbf_of_block(bytes) }
}

fn frame(file: &mut Vec<u8>, kind: &[u8], message: &[u8]) {
    // Blob: raw (1). BlobHeader: type (1), datasize (3).
    let mut blob = Vec::new();
    field(&mut blob, 1, message);
    let mut header = Vec::new();
    field(&mut header, 1, kind);
    header.push(3 << 3);
    varint(&mut header, blob.len() as u64);
    file.extend((header.len() as u32).to_be_bytes());
    file.extend(header);
    file.extend(blob);
}

fn field(to: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    to.push(number << 3 | 2);
    varint(to, bytes.len() as u64);
    to.extend(bytes);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}
