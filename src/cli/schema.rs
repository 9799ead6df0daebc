//! `gandan schema`: the data dictionary.

use crate::error::Result;

/// Prints the dictionary in Markdown.
pub fn run() -> Result<()> {
    print!("{}", crate::output::schema::dictionary());
    Ok(())
}
