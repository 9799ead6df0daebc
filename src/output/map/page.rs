//! The page with its data.

use super::{MapOptions, data};
use crate::error::{Fault, Result};
use crate::output::run::Run;

/// The page, with places for the data; see `src/output/map/` for its source.
const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/map_page.html"));

/// Where the data of the run go.
const RUN: &str = "__GANDAN_RUN__";

/// Where those of the second run go; nothing is put there without one.
const OTHER: &str = "__GANDAN_OTHER__";

/// What the page as it is built may load from elsewhere. Once it is known whether it offers tiles, this is narrowed to
/// their server, or to nothing.
const POLICY: [&str; 2] = ["connect-src blob: https:", "img-src data: blob: https:"];

/// The page of a run, or of two.
pub(super) fn of_runs(run: &Run, options: &MapOptions) -> Result<String> {
    let server = options.tiles.map(tile_server).transpose()?;
    let data = data::of_run(run, options.tiles)?;
    let other = options.compare.map(|other| data::of_run(other, options.tiles)).transpose()?.unwrap_or_default();
    let mut page = PAGE.to_owned();
    for part in POLICY {
        let own = part.trim_end_matches(" https:");
        let narrow = server.map_or_else(|| own.to_owned(), |server| format!("{own} {server}"));
        page = page.replacen(part, &narrow, 1);
    }
    Ok(page.replacen(RUN, &data, 1).replacen(OTHER, &other, 1))
}

/// The server of a template of tiles, as a policy names it: `https://tile.example.org`.
fn tile_server(template: &str) -> Result<&str> {
    let wrong = |what: &str| {
        Fault::new("map::tiles", format!("`{template}` is no template of tiles: {what}"))
            .help("give --tiles an https address with {z}, {x} and {y}, e.g. https://tile.example.org/{z}/{x}/{y}.png")
    };
    let rest = template.strip_prefix("https://").ok_or_else(|| wrong("it does not begin with https://"))?;
    let (host, path) = rest.split_once('/').ok_or_else(|| wrong("it has no path"))?;
    // What could end the policy or the element that holds it is in no address.
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(wrong("its server is no name of letters, digits, dots and hyphens").into());
    }
    if !path.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\')) {
        return Err(wrong("it has a character that stands in no address").into());
    }
    if let Some(missing) = ["{z}", "{x}", "{y}"].into_iter().find(|part| !path.contains(part)) {
        return Err(wrong(&format!("it lacks {missing}")).into());
    }
    Ok(&template[.."https://".len() + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_its_places_once() {
        for part in [RUN, OTHER, POLICY[0], POLICY[1]] {
            assert_eq!(PAGE.matches(part).count(), 1, "{part}");
        }
    }

    #[test]
    fn the_page_carries_the_licences_of_what_it_holds() {
        // MapLibre and what is inside it; each licence asks to go with every copy.
        assert!(PAGE.contains("Copyright (c) 2023, MapLibre contributors"));
        assert!(PAGE.contains("Redistributions in binary form must reproduce the above"));
        for package in ["maplibre-gl", "earcut", "gl-matrix", "kdbush", "pbf", "@mapbox/vector-tile"] {
            assert!(PAGE.contains(&format!("{package} ")), "{package}");
        }
        // One comment, which ends where the page does.
        assert!(PAGE.trim_end().ends_with("-->\n</body>\n</html>"));
        assert_eq!(PAGE.matches("What this page holds besides gandan:").count(), 1);
    }

    #[test]
    fn templates_of_tiles() {
        let server = |template| tile_server(template).map_err(|e| e.faults()[0].code);
        assert_eq!(server("https://tile.example.org/{z}/{x}/{y}.png"), Ok("https://tile.example.org"));
        assert_eq!(server("https://t.example.org:8443/a/{z}/{y}/{x}?k=1"), Ok("https://t.example.org:8443"));
        let wrong = [
            "http://tile.example.org/{z}/{x}/{y}.png",
            "https://tile.example.org",
            "https:///{z}/{x}/{y}.png",
            "https://tile.example.org/{z}/{x}.png",
            "https://tile.example.org; script-src */{z}/{x}/{y}.png",
            "https://user@tile.example.org/{z}/{x}/{y}.png",
            "https://tile.example.org/{z}/{x}/{y}.png\"><script>",
            "https://tile.example.org/{z}/{x}/{y}.png x",
        ];
        wrong.into_iter().for_each(|template| assert_eq!(server(template), Err("map::tiles"), "{template}"));
    }
}
