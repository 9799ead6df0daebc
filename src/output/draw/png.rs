//! SVG turned into PNG (W3C, *Portable Network Graphics (PNG) Specification, Third Edition*) with the program's fonts
//! alone, so that a picture is the same on every machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, ID, Source};
use resvg::usvg::{Font, FontResolver, ImageHrefResolver, Options, Tree};

use super::font;
use crate::error::{Fault, Result};

/// The longest side of a picture in pixels.
pub const MOST_PIXELS: f64 = 8192.0;

/// The picture of an SVG text, `scale` pixels for one of the drawing, fewer where it would be larger than
/// [`MOST_PIXELS`] on a side.
///
/// # Errors
/// The text is no SVG: an internal fault.
pub fn of_svg(svg: &str, scale: f64) -> Result<Vec<u8>> {
    let broken = |what: String| Fault::new("internal::picture", format!("{what}; please report this"));
    let tree = Tree::from_str(svg, &options()).map_err(|e| broken(format!("the drawing cannot be read: {e}")))?;
    let (wide, high) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let scale = if scale > 0.0 { scale.min(MOST_PIXELS / wide.max(high)) } else { 1.0 };
    let pixels = |side: f64| (side * scale).round().clamp(1.0, MOST_PIXELS) as u32;
    let mut picture = Pixmap::new(pixels(wide), pixels(high)).ok_or_else(|| broken("it has no pixels".into()))?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut picture.as_mut());
    Ok(picture.encode_png().map_err(|e| broken(format!("the picture cannot be packed: {e}")))?)
}

/// The two fonts, by weight, whatever fonts a drawing names; nothing is read from outside the drawing.
pub(super) fn options() -> Options<'static> {
    static FONTS: LazyLock<(Arc<Database>, [Option<ID>; 2])> = LazyLock::new(|| {
        let mut fonts = Database::new();
        let mut load = |bytes: &'static [u8]| fonts.load_font_source(Source::Binary(Arc::new(bytes))).first().copied();
        let ids = [load(font::regular()), load(font::bold())];
        (Arc::new(fonts), ids)
    });
    let (fonts, [regular, bold]) = &*FONTS;
    let select = |font: &Font, _: &mut Arc<Database>| if font.weight() >= 600 { *bold } else { *regular };
    Options {
        fontdb: Arc::clone(fonts),
        font_resolver: FontResolver { select_font: Box::new(select), select_fallback: Box::new(|_, _, _| None) },
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::output::draw::{Paint, Svg, Type};

    /// Width, height, and the colour of a pixel of a PNG.
    pub(crate) fn decoded(png: &[u8]) -> (u32, u32, impl Fn(u32, u32) -> [u8; 3] + use<>) {
        let picture = Pixmap::decode_png(png).unwrap();
        let (wide, high) = (picture.width(), picture.height());
        (wide, high, move |x, y| {
            let p = picture.pixel(x, y).unwrap();
            [p.red(), p.green(), p.blue()]
        })
    }

    #[test]
    fn pixels_by_hand() {
        let mut svg = Svg::new([20.0, 10.0], "en", "t", "");
        svg.rect([2.0, 2.0], [4.0, 4.0], Paint::fill([200, 0, 0]));
        // Half of the pixel (10, 5) of the drawing.
        svg.rect([10.0, 5.0], [0.5, 1.0], Paint::fill([0; 3]));
        let text = svg.finish();
        let (wide, high, pixel) = decoded(&of_svg(&text, 1.0).unwrap());
        assert_eq!((wide, high), (20, 10));
        assert_eq!(
            [pixel(1, 1), pixel(2, 2), pixel(5, 5), pixel(6, 6)],
            [[255; 3], [200, 0, 0], [200, 0, 0], [255; 3]]
        );
        assert!(pixel(10, 5)[0].abs_diff(128) <= 8, "{:?}", pixel(10, 5));
        let (wide, high, pixel) = decoded(&of_svg(&text, 2.0).unwrap());
        assert_eq!((wide, high), (40, 20));
        assert_eq!(
            [pixel(4, 4), pixel(11, 11), pixel(20, 10), pixel(21, 10)],
            [[200, 0, 0], [200, 0, 0], [0; 3], [255; 3]]
        );
    }

    #[test]
    fn lower_case_vietnamese_is_drawn() {
        // Dark pixels above the letter o (of 40 pixels, x-height about 22): none, but for its marks.
        let dark_above = |text: &str| {
            let mut svg = Svg::new([60.0, 60.0], "vi", "", "");
            svg.text(text, [10.0, 50.0], Type::new(40.0, [0; 3]));
            let (wide, _, pixel) = decoded(&of_svg(&svg.finish(), 1.0).unwrap());
            (0..25).flat_map(|y| (0..wide).map(move |x| (x, y))).filter(|&(x, y)| pixel(x, y)[0] < 100).count()
        };
        let counts = ["o", "ô", "ồ"].map(dark_above);
        assert!(counts[0] == 0 && counts[1] > 10 && counts[2] > counts[1] + 5, "{counts:?}");
    }

    #[test]
    fn wrong_drawings_and_sizes_are_told() {
        assert_eq!(of_svg("<svg", 1.0).unwrap_err().faults()[0].code, "internal::picture");
        let svg = Svg::new([100.0, 50.0], "en", "", "").finish();
        let (wide, high, _) = decoded(&of_svg(&svg, 1e6).unwrap());
        assert_eq!((wide, high), (8192, 4096));
        let (wide, high, _) = decoded(&of_svg(&svg, f64::NAN).unwrap());
        assert_eq!((wide, high), (100, 50));
    }
}
