//! Writes every file that is made from the protocol's types: `cargo run -p parlor-protocol --example publish`.

use std::{fs, io, path::Path};

use parlor_protocol::schema::{Published, published};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for Published { path, text } in published() {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}
