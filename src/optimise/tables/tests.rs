use std::path::PathBuf;

use super::*;
use crate::error::Error;

/// Writes three CSV files into a fresh folder.
fn files(rows: &str, pairs: &str, sites: &str) -> (tempfile::TempDir, [PathBuf; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [("rows.csv", rows), ("pairs.csv", pairs), ("sites.csv", sites)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    (folder, paths)
}

fn read_text(rows: &str, pairs: &str, sites: &str) -> Result<Instance> {
    let (_folder, [rows, pairs, sites]) = files(rows, pairs, sites);
    read(&rows, &pairs, &sites)
}

fn faults(rows: &str, pairs: &str, sites: &str) -> Vec<String> {
    match read_text(rows, pairs, sites) {
        Err(Error::Input(faults)) => {
            faults.iter().map(|f| format!("{} {}: {}", f.code, f.place.as_deref().unwrap_or("-"), f.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables_are_read_in_the_order_of_their_lines() {
    let instance = read_text(
        "\u{feff}row,weight,remark\nb,1.5,\na,2,x\n",
        "site,row,cost\n007,a,3\n7,b,4\n",
        "site,cost,fixed,eligible\n7,2,true,1\n007,0.25,no,false\n",
    )
    .unwrap();
    assert_eq!(instance.row_ids, Ids::Text(vec!["b".into(), "a".into()]));
    assert_eq!((instance.weights, instance.weight_scale), (vec![1500, 2000], 1000));
    assert_eq!((instance.site_costs, instance.site_cost_scale), (vec![2000, 250], 1000));
    assert_eq!((instance.fixed, instance.eligible), (vec![true, false], vec![true, false]));
    // `7` is site 0, `007` is site 1.
    assert_eq!(instance.cover.rows().collect::<Vec<_>>(), [[0], [1]]);
    let costs = instance.pair_costs.unwrap();
    assert_eq!((costs.nearest(0, &[true, true]), costs.nearest(1, &[true, true])), (Some((0, 4)), Some((1, 3))));
    assert_eq!(instance.pair_cost_scale, 1);
}

#[test]
fn what_is_absent_has_a_meaning() {
    let instance = read_text("row,weight\n1,1\n", "row,site\n", "site\nx\n").unwrap();
    assert_eq!((instance.site_costs, instance.fixed, instance.eligible), (vec![1], vec![false], vec![true]));
    assert!(instance.pair_costs.is_none() && instance.capacities.is_none());
}

#[test]
fn all_faults_of_all_tables_come_at_once() {
    let found =
        faults("row,weight\n1,-1\n2,nan\n2,\n3,many\n", "row,site\n9,x\n", "site,cost,fixed\nx,1,maybe\nx,inf,true\n");
    assert_eq!(
        found,
        [
            "table::id line 4: row `2` stands twice",
            "table::value line 2: the weight is `-1`",
            "table::value line 3: the weight is `nan`",
            "table::value line 4: the weight is missing",
            "table::value line 5: the weight is `many`",
            "table::id line 3: site `x` stands twice",
            "table::value line 3: the cost is `inf`",
            "table::value line 2: `fixed` is `maybe`",
        ]
    );
    // The pairs are judged once rows and sites are sound.
    let found = faults("row,weight\n1,1\n", "row,site\n1,x\n1,y\n2,x\n1,x\n", "site\nx\n");
    assert_eq!(found, ["table::id line 4: row `2` is not known", "table::id line 3: site `y` is not known"]);
    let found = faults("row,weight\n1,1\n", "row,site\n1,x\n1,x\n", "site\nx\n");
    assert_eq!(found, ["table::pair line 3: the pair of row 1 and site x stands twice"]);
}

#[test]
fn columns_files_and_endings() {
    assert_eq!(
        faults("row\n1\n", "row\n1\n", "id\n1\n"),
        [
            "table::columns -: no column `weight`",
            "table::columns -: no column `site`",
            "table::columns -: no column `site`"
        ]
    );
    assert!(faults("row,weight\n", "row,site\n", "site\nx\n")[0].contains("no rows"));
    let nowhere = PathBuf::from("nowhere.txt");
    assert_eq!(read(&nowhere, &nowhere, &nowhere).unwrap_err().faults()[0].code, "table::format");
    // A line with too few fields is told with its place.
    assert!(faults("row,weight\n1\n", "row,site\n", "site\nx\n")[0].contains("line 2"));
    // A Parquet ending with other bytes inside.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    std::fs::write(&path, "row,weight\n1,1\n").unwrap();
    assert_eq!(read(&path, &path, &path).unwrap_err().faults()[0].code, "table::format");
}

#[test]
fn at_most_ten_of_a_kind_are_listed() {
    let rows: String = (0..25).map(|r| format!("{r},-1\n")).collect();
    let found = faults(&format!("row,weight\n{rows}"), "row,site\n", "site\nx\n");
    assert_eq!(found.len(), 10);
    // The first row stands in line 2, so the tenth in line 11.
    assert_eq!(found[9], "table::value line 11: the weight is `-1` (and 15 more like this)");
}
