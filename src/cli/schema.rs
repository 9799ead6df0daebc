//! `gandan schema`: the data dictionary.

use clap::Args;
use serde_json::json;

use super::plan::Format;
use crate::error::Result;
use crate::output::schema::{Column, TABLES, dictionary};

/// Arguments of `gandan schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// How it is printed: as Markdown, or as JSON
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

/// Prints the dictionary.
///
/// # Errors
/// None of its own.
pub fn run(args: &SchemaArgs) -> Result<()> {
    if args.format == Format::Text {
        print!("{}", dictionary());
        return Ok(());
    }
    let column = |c: &Column| {
        let kind = format!("{:?}", c.kind).to_lowercase();
        json!({ "name": c.name, "type": kind, "unit": c.unit, "nullable": c.nullable, "meaning": c.meaning })
    };
    let tables = TABLES.iter().map(|table| {
        let columns: Vec<_> = table.columns.iter().map(column).collect();
        json!({ "file": table.file, "row": table.row, "columns": columns })
    });
    println!("{:#}", json!({ "tables": tables.collect::<Vec<_>>() }));
    Ok(())
}
