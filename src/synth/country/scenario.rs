//! A scenario ready for `gandan plan`.

use super::CountryOptions;
use super::places::Commune;

/// The text of `scenario.toml`: first the wards if there are any, then more agents, then everyone.
pub(crate) fn write(options: &CountryOptions, communes: &[Commune], sites: usize, fixed: usize) -> String {
    let CountryOptions { people, seed, density } = options;
    let wards = communes.iter().any(|c| c.ward) && communes.iter().any(|c| !c.ward);
    let (first, second) = (fixed + (sites / 8).max(1), fixed + (sites / 3).max(2));
    let scope = if wards {
        r#"
[phases.scope]
name = { vi = "các phường", en = "the wards" }
layer = "communes"
where = { type = "phường" }
"#
    } else {
        ""
    };
    let begin = if wards {
        r#"name = { vi = "Các phường", en = "The wards" }"#
    } else {
        r#"name = { vi = "Bắt đầu", en = "The first agents" }"#
    };
    format!(
        r#"# A made-up country: gandan synth --people {people} --density {density} --seed {seed}
# Nothing in it is true of any place. docs/synth.md tells how it is made.

synthetic = true
attribution = ["Vùng giả định hoàn toàn (gandan synth, số {seed})"]

[title]
vi = "Đại lý dịch vụ công cho một vùng giả định"
en = "Public-service agents for a made-up country"

[[notes]]
vi = "Mọi dữ liệu đều là giả định: sông, đường, dân cư, ranh giới, tên gọi và địa điểm không có thật."
en = "Everything is made up: rivers, roads, people, borders, names and sites are of no real place."

[[notes]]
vi = "Ngày tháng và số đại lý của từng giai đoạn là giả định."
en = "The dates and the numbers of agents of each phase are assumptions."

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "study_area.geojson"
sites = "sites.csv"
fixed_sites = "fixed_sites.csv"

[[inputs.boundaries]]
id = "communes"
name = {{ vi = "Xã, phường", en = "Wards and communes" }}
file = "communes.geojson"
population = "population"

[[inputs.boundaries]]
id = "districts"
name = {{ vi = "Quận, huyện", en = "Districts" }}
file = "districts.geojson"
population = "population"

[population]
# Pixels on the border count with the share that lies inside; this brings every commune back to its official number.
calibrate_to = "communes"

[solve]
time_limit_s = 30

[[phases]]
{begin}
starts = 2026-01-01
ends = 2026-03-31
opens = "most-people"
agents = {first}
{scope}
[[phases]]
name = {{ vi = "Mở rộng", en = "More agents" }}
starts = 2026-04-01
ends = 2026-06-30
opens = "most-people"
agents = {second}

[[phases]]
name = {{ vi = "Toàn bộ cư dân", en = "All residents" }}
starts = 2026-07-01
opens = "fewest-for-all"
"#
    )
}
