//! Tables written and read back.

use ::geo::{Point, polygon};
use polars::prelude::{AnyValue, ChunkAgg, ParquetReader, SerReader};

use super::*;
use crate::output::schema::{ISOCHRONE, NETWORK_ARCS};

const BANDS: &[Kind] =
    &[Kind::Text, Kind::Text, Kind::Number, Kind::Number, Kind::Number, Kind::Number, Kind::Geometry, Kind::Bbox];

fn values(of: Values) -> Vec<Values> {
    let modes = Names::new(["foot", "motorcycle"]);
    vec![
        Values::text(["a", "b", "c"]),
        Values::Named(modes, vec![Some(1), Some(0), Some(1)]),
        Values::number([10.0, 20.0, 30.0]),
        Values::number([1.0, 2.0, 3.0]),
        Values::Number(vec![None, Some(0.5), None]),
        Values::Number(vec![None; 3]),
        of,
    ]
}

fn all(path: &Path) -> DataFrame {
    ParquetReader::new(File::open(path).unwrap()).finish().unwrap()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<String> {
    frame.column(column).unwrap().str().unwrap().iter().map(|t| t.unwrap_or("null").to_owned()).collect()
}

#[test]
fn a_shape_that_rows_share_is_as_one_for_each() {
    assert_eq!(ISOCHRONE.columns.iter().map(|c| c.kind).collect::<Vec<_>>(), BANDS);
    let home = tempfile::tempdir().unwrap();
    let (one, two) = (home.path().join("one.parquet"), home.path().join("two.parquet"));
    let point = Geometry::from(Point::new(105.5, 21.0));
    let area = Geometry::from(polygon![(x: 105.0, y: 21.0), (x: 105.0, y: 21.5), (x: 105.25, y: 21.5)]);
    write_as(&one, &ISOCHRONE, values(Values::Geometry(vec![area.clone(), point.clone(), area.clone()]))).unwrap();
    let mut shapes = Shapes::default();
    shapes.push(&area).unwrap();
    shapes.push(&point).unwrap();
    write_as(&two, &ISOCHRONE, values(Values::Shapes(shapes, vec![0, 1, 0]))).unwrap();
    let (one, two) = (all(&one), all(&two));
    assert!(one.equals_missing(&two));
    assert_eq!(texts(&one, "mode"), ["motorcycle", "foot", "motorcycle"]);
    // All numbers have few binary digits, so that 32 bits hold them.
    let AnyValue::StructOwned(of_area) = one.column("bbox").unwrap().get(0).unwrap().into_static() else {
        unreachable!("a struct")
    };
    let sides: Vec<f32> = of_area.0.iter().map(|v| v.try_extract::<f32>().unwrap()).collect();
    assert_eq!(sides, [105.0, 21.0, 105.25, 21.5]);
    let names: Vec<&str> = of_area.1.iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["xmin", "ymin", "xmax", "ymax"]);
}

#[test]
fn what_does_not_fit_the_schema_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("t.parquet");
    let refused = |values| write_as(&path, &ISOCHRONE, values).unwrap_err().faults()[0].message.clone();
    let shapes = || Values::Geometry(vec![Geometry::from(Point::new(0.0, 0.0)); 3]);
    assert!(refused(values(Values::text(["a"; 3]))).contains("`geometry` is not what the schema says"));
    assert!(refused(values(Values::Geometry(vec![]))).contains("`geometry` has another length"));
    let mut few = values(shapes());
    few.pop();
    assert!(refused(few).contains("6 columns instead of 7"));
    let mut with_null = values(shapes());
    with_null[2] = Values::Number(vec![Some(1.0), None, Some(f64::NAN)]);
    assert!(refused(with_null).contains("`minutes` is not what the schema says"));
    let mut unknown = values(shapes());
    unknown[1] = Values::Named(Names::new(["foot"]), vec![Some(0), Some(0), Some(1)]);
    assert!(refused(unknown).contains("mode: "), "a number without a name");
}

#[test]
fn pieces_make_row_groups() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("arcs.parquet");
    let modes = Names::new(["foot"]);
    let arcs = |range: std::ops::Range<u32>| {
        vec![
            Values::Named(modes.clone(), vec![Some(0); range.len()]),
            Values::whole(range.clone()),
            Values::whole(range.clone()),
            Values::whole(range),
        ]
    };
    let mut pieces = Pieces::begin(&path, &NETWORK_ARCS, &Stamp::default()).unwrap();
    // 10 rows, none, and 32,768 + 1 rows: groups of 10, 32,768 and 1.
    pieces.write(arcs(0..10)).unwrap();
    pieces.write(arcs(10..10)).unwrap();
    pieces.write(arcs(10..32_779)).unwrap();
    pieces.finish().unwrap();
    let mut reader = ParquetReader::new(File::open(&path).unwrap());
    let metadata = reader.get_metadata().unwrap().clone();
    assert_eq!(metadata.row_groups.iter().map(|g| g.num_rows()).collect::<Vec<_>>(), [10, 32_768, 1]);
    let keys: Vec<&str> = metadata.key_value_metadata().as_ref().unwrap().iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(keys, [KEY], "no arrow schema, whose types not every reader knows");
    let told = metadata.key_value_metadata().as_ref().unwrap().iter().find(|kv| kv.key == KEY).unwrap();
    let told: serde_json::Value = serde_json::from_str(told.value.as_ref().unwrap()).unwrap();
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&told["table"], &told["columns"]["time_ms"]["unit"]), (&"network/arcs.parquet".into(), &"ms".into()));
    assert_eq!(all(&path).column("from").unwrap().u32().unwrap().max(), Some(32_778));
}

#[test]
fn a_table_without_rows_keeps_its_columns() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("t.parquet");
    let none = vec![
        Values::text([""; 0]),
        Values::text([""; 0]),
        Values::number([]),
        Values::number([]),
        Values::number([]),
        Values::number([]),
        Values::Geometry(vec![]),
    ];
    write_as(&path, &ISOCHRONE, none).unwrap();
    let found = all(&path);
    let names: Vec<&str> = found.columns().iter().map(|c| c.name().as_str()).collect();
    assert_eq!((found.height(), names), (0, ISOCHRONE.columns.iter().map(|c| c.name).collect()));
}
