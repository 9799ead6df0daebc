//! A part of the Earth on a picture, with its water and streets, and the key to its colours.

use super::{Paint, Rgb, Shape, Spot, Svg, Type, font};
use crate::network::Network;
use crate::units::{EARTH_RADIUS_M, LonLat};

/// The colour of water.
pub const WATER: Rgb = [190, 214, 232];
/// The colour of land.
pub const PAPER: Rgb = [250, 249, 246];
const INK: Rgb = [40, 40, 40];
const STREET: Rgb = [160, 159, 157];
const MAIN_ROADS: [&str; 6] = ["motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"];
const MIDDLE_ROADS: [&str; 4] = ["secondary", "tertiary", "secondary_link", "tertiary_link"];

/// The part of the Earth on a picture: equirectangular, true to scale at the middle latitude, north up.
pub struct View {
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
    /// Width of the picture in pixels.
    pub width: f64,
    /// Height of the picture in pixels.
    pub height: f64,
}

impl View {
    /// The longer side has so many pixels.
    const PIXELS: f64 = 1600.0;

    /// The picture of a box (west, south, east, north in degrees) with some room around it.
    pub fn around([west, south, east, north]: [f64; 4]) -> View {
        let shrink = ((south + north) / 2.0).to_radians().cos().max(0.01);
        // At least 2 km, and some room on all sides.
        let least = 2000.0 / EARTH_RADIUS_M.to_radians();
        let (wide, high) = (((east - west) * shrink).max(least) * 1.1, (north - south).max(least) * 1.1);
        let per_lat = View::PIXELS / wide.max(high);
        View {
            west: (west + east) / 2.0 - wide / shrink / 2.0,
            north: (south + north) / 2.0 + high / 2.0,
            per_lon: per_lat * shrink,
            per_lat,
            // Room for the key on long pictures.
            width: (wide * per_lat).ceil().max(600.0),
            height: (high * per_lat).ceil().max(400.0),
        }
    }

    /// Where a place lies on the picture.
    pub fn spot(&self, place: LonLat) -> Spot {
        [(place.lon - self.west) * self.per_lon, (self.north - place.lat) * self.per_lat]
    }

    /// Whether a spot lies on the picture, or just beside it.
    pub fn holds(&self, at: Spot) -> bool {
        (-50.0..=self.width + 50.0).contains(&at[0]) && (-50.0..=self.height + 50.0).contains(&at[1])
    }

    /// A round length in metres of at most a fifth of the picture, and its pixels.
    pub fn scale(&self) -> (f64, f64) {
        let pixels_per_m = self.per_lat / EARTH_RADIUS_M.to_radians();
        let most = self.width / 5.0 / pixels_per_m;
        let ten = 10_f64.powf(most.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|n| n * ten).find(|m| *m <= most).unwrap_or(ten);
        (metres, metres * pixels_per_m)
    }

    /// The land, with nothing on it yet.
    pub fn land(&self, language: &str, title: &str, description: &str) -> Svg {
        let mut svg = Svg::new([self.width, self.height], language, title, description);
        svg.rect([0.0, 0.0], [self.width, self.height], Paint::fill(PAPER));
        svg
    }

    /// Draws water: areas, and the middle lines of rivers.
    pub fn water(&self, svg: &mut Svg, shapes: &[(Vec<LonLat>, bool)]) {
        let mut rivers = Shape::new();
        for (points, area) in shapes {
            let shape = self.spots(points);
            if !shape.iter().any(|&at| self.holds(at)) && !*area {
                continue;
            }
            if *area {
                // One by one: areas that overlap are no holes in each other.
                svg.ring(shape, Paint::fill(WATER));
            } else {
                rivers.line(shape);
            }
        }
        svg.shape(&rivers, Paint::line(WATER, 2.0));
    }

    /// Draws streets, the greater ones thicker.
    pub fn streets(&self, svg: &mut Svg, network: &Network) {
        for (width, named) in [(0.7, &[][..]), (1.3, &MIDDLE_ROADS[..]), (2.4, &MAIN_ROADS[..])] {
            let is = |class: &str| match named {
                [] => !MIDDLE_ROADS.contains(&class) && !MAIN_ROADS.contains(&class),
                named => named.contains(&class),
            };
            let mut lines = Shape::new();
            for street in network.streets.iter().filter(|s| is(&network.classes[usize::from(s.class)])) {
                let line = self.spots(network.shape(street));
                if line.iter().any(|&at| self.holds(at)) {
                    lines.line(line);
                }
            }
            svg.shape(&lines, Paint::line(STREET, width));
        }
    }

    /// Places as spots.
    pub fn spots(&self, points: &[LonLat]) -> Vec<Spot> {
        points.iter().map(|&p| self.spot(p)).collect()
    }

    /// Draws a dot with a white rim, so that it is seen on every ground.
    pub fn dot(&self, svg: &mut Svg, place: LonLat, radius: f64, colour: Rgb) {
        svg.circle(self.spot(place), radius, Paint::fill(colour).outlined([255; 3], 1.7));
    }

    /// Draws the key in the lower left corner: its heading, its rows, the scale and whose data these are.
    pub fn key(&self, svg: &mut Svg, heading: &str, rows: &[(Mark, String)], source: &str) {
        let (size, small, line, left, room) = (20.0, 13.0, 29.0, 22.0, 40.0);
        let most = self.width - 2.0 * left;
        let (metres, bar) = self.scale();
        let scale = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        let texts = rows.iter().map(|(_, text)| room + font::width(text, size, false));
        let widest = texts.fold(bar + 12.0 + font::width(&scale, size, false), f64::max);
        let widest = widest.max(font::width(heading, size, true)).clamp(240.0, most);
        let sources = font::wrapped(source, small, false, widest, 4);
        let heads = font::wrapped(heading, size, true, widest, 3);
        let lines = (heads.len() + rows.len() + 1) as f64;
        let high = 16.0 + lines * line + sources.len() as f64 * 18.0;
        let bottom = self.height - 14.0;
        let mut base = bottom - high;
        svg.rect([left - 10.0, base], [widest + 22.0, high], Paint::fill([255; 3]).opacity(0.92));
        for head in heads {
            base += line;
            svg.text(&head, [left, base], Type::new(size, INK).bold());
        }
        for (mark, text) in rows {
            base += line;
            let middle = base - size * 0.36;
            match *mark {
                Mark::Area(colour) => svg.rect([left, middle - 8.0], [28.0, 16.0], Paint::fill(colour)),
                Mark::Dot(colour) => svg.circle([left + 14.0, middle], 6.5, Paint::fill(colour)),
                Mark::Line(colour, width) => {
                    svg.line([[left, middle], [left + 28.0, middle]], Paint::line(colour, width));
                }
            }
            let text = font::fitted(text, size, false, most - room);
            svg.text(&text, [left + room, base], Type::new(size, INK));
        }
        base += line;
        let (low, high) = (base, base - 12.0);
        svg.line([[left, high], [left, low], [left + bar, low], [left + bar, high]], Paint::line(INK, 2.0));
        svg.text(&scale, [left + bar + 12.0, base], Type::new(size, INK));
        for text in sources {
            base += 18.0;
            svg.text(&text, [left, base + 4.0], Type::new(small, INK));
        }
    }
}

/// What stands before a row of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// An area of a colour.
    Area(Rgb),
    /// A dot of a colour.
    Dot(Rgb),
    /// A line of a colour and width in pixels.
    Line(Rgb, f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_north_up_and_true_to_scale() {
        // 0.2° by 0.1° at 60° north: as wide as high.
        let view = View::around([10.0, 59.95, 10.2, 60.05]);
        assert!((view.width - 1600.0).abs() <= 1.0 && (view.height - 1600.0).abs() <= 1.0);
        let (west, east) = (view.spot(LonLat { lon: 10.0, lat: 60.0 }), view.spot(LonLat { lon: 10.2, lat: 60.0 }));
        let north = view.spot(LonLat { lon: 10.1, lat: 60.05 });
        // A twentieth of 1.1 sides is room on either side.
        assert!((west[0] - 1600.0 / 22.0).abs() < 1.0 && (east[0] - 1600.0 * 21.0 / 22.0).abs() < 1.0);
        assert!((north[1] - 1600.0 / 22.0).abs() < 1.0, "{north:?}");
        // 0.11° are 12,231 m on 1,600 pixels; a fifth of that is 2,446 m.
        let (metres, pixels) = view.scale();
        assert_eq!(metres, 2000.0);
        assert!((pixels - 2000.0 / 12_231.46 * 1600.0).abs() < 0.1, "{pixels}");
    }

    #[test]
    fn the_key_stays_on_the_picture() {
        let view = View::around([105.0, 21.0, 105.0, 21.0]);
        let mut svg = view.land("en", "t", "");
        view.key(&mut svg, "Heading", &[(Mark::Dot([1, 2, 3]), "x".repeat(5000))], &"source ".repeat(500));
        let text = svg.finish();
        let page = resvg::usvg::roxmltree::Document::parse(&text).unwrap();
        for node in page.descendants().filter(|n| n.has_tag_name("text")) {
            let at = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let right = at("x") + font::width(node.text().unwrap(), at("font-size"), false);
            assert!(right <= view.width && (0.0..=view.height).contains(&at("y")), "{node:?}");
        }
    }
}
