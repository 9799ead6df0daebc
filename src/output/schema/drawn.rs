//! Tables of shapes: isochrones, and the background of maps.

use super::Table;
use super::columns::{BBOX, MODE, PHASE, geometry, number, or_null, text};

/// Polygons of equal travel time.
pub const ISOCHRONES: Table = Table {
    file: "isochrones.parquet",
    row: "a band of travel time around an agent, or around all agents of a phase",
    columns: &[
        PHASE,
        or_null(text("site", "id of the agent; null for all agents that stand at the phase's end")),
        MODE,
        number("minutes", "min", "longest travel time"),
        geometry("what lies within that time; drawn from network times, for eyes only"),
        BBOX,
    ],
};

/// What `gandan isochrone` writes as GeoParquet. Not a table of a run.
pub const ISOCHRONE: Table = Table {
    file: "isochrone.parquet",
    row: "a band of travel time around a site, or around all sites together",
    columns: &[
        text("site", "id of the site; its number where it has none; `all` for all sites together"),
        MODE,
        number("minutes", "min", "longest travel time"),
        number("area_km2", "km²", "area of the polygons"),
        or_null(number("inside_share", "", "share of the network places within the time that lie inside")),
        or_null(number("outside_share", "", "share of the network places beyond the time, nearby, that lie outside")),
        geometry("what lies within that time; drawn from network times, for eyes only"),
        BBOX,
    ],
};

/// What stands behind a plan on a map.
pub const BACKDROP: Table = Table {
    file: "backdrop.parquet",
    row: "something of the roads' file that maps show or people look for, in the study area and some 3 km around it",
    columns: &[
        text("kind", "`road`, `water`, `park`, `rail`, `place`, `street` (one row a named street) or `address`"),
        or_null(text(
            "class",
            "of a road its `highway`, of a place its `place`, of others the value of the tag that makes them what they are; \
             null for streets and addresses",
        )),
        or_null(text("name", "its name as on the spot; of an address house number and street; null without a name")),
        or_null(text("name_vi", "its name in Vietnamese, where it is given by itself")),
        or_null(text("name_en", "its name in English, where it is given")),
        geometry(
            "lines and outlines to some 5 m; areas that reach beyond are cut; of places, streets and addresses a point",
        ),
        BBOX,
    ],
};
