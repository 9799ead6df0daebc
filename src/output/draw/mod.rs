//! Pictures: drawn once as SVG, and turned into PNG with fonts that are part of the program.

pub mod chart;
pub mod font;
pub mod map;
pub mod png;
pub mod raster;
pub mod svg;
pub mod view;

use std::path::Path;

use crate::error::Result;
use crate::files::write_whole;
pub use svg::{Anchor, Paint, Shape, Svg, Type};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// A place on a picture in pixels, from its top left corner to the right and down.
pub type Spot = [f64; 2];

/// What a picture file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable Vector Graphics.
    Svg,
    /// Portable Network Graphics.
    Png,
}

impl Format {
    /// The ending of names of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
        }
    }

    /// By the ending of a name; `None` where it is not that of a picture.
    pub fn of(path: &Path) -> Option<Format> {
        let ending = path.extension()?;
        let is = |other: &str| ending.eq_ignore_ascii_case(other);
        if is("svg") {
            Some(Format::Svg)
        } else if is("png") {
            Some(Format::Png)
        } else {
            None
        }
    }
}

/// The bytes of a picture's file; as PNG `scale` pixels for one of the drawing.
///
/// # Errors
/// The drawing cannot be turned into PNG: an internal fault.
pub fn bytes(svg: Svg, format: Format, scale: f64) -> Result<Vec<u8>> {
    let text = svg.finish();
    match format {
        Format::Svg => Ok(text.into_bytes()),
        Format::Png => png::of_svg(&text, scale),
    }
}

/// Writes a picture into a file, whole or not at all; `scale` as at [`bytes`].
///
/// # Errors
/// Something stands there and `force` is not given, or the disk refuses.
pub fn save(path: &Path, svg: Svg, format: Format, scale: f64, force: bool) -> Result<()> {
    write_whole("write the picture", path, force, bytes(svg, format, scale)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_format() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!((of("a.b/c.SVG"), of("c.png")), (Some(Format::Svg), Some(Format::Png)));
        assert_eq!((of("svg"), of("c.png.txt"), of("")), (None, None, None));
    }

    #[test]
    fn a_picture_is_whole_or_not_there() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/x.png");
        let draw = || Svg::new([4.0, 3.0], "en", "x", "");
        save(&path, draw(), Format::Png, 2.0, false).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert!(save(&path, draw(), Format::Svg, 1.0, false).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), first);
        save(&path, draw(), Format::Svg, 1.0, true).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("<svg "));
        assert_eq!(std::fs::read_dir(home.path().join("a")).unwrap().count(), 1);
    }
}
