//! What fuzzing once found, and what it begins with, holds on with every run of the tests.

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use parlor_properties::ALL;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

#[test]
fn no_input_of_the_corpus_breaks_a_property() {
    let mut broken = Vec::new();
    for (name, property) in ALL {
        let folder = fs::read_dir(fuzz().join("corpus").join(name)).expect(name);
        let files: Vec<_> = folder.map(|entry| entry.expect(name).path()).collect();
        assert!(!files.is_empty(), "there is nothing to begin with for {name}");
        for file in files {
            let input = fs::read(&file).expect("an input");
            if catch_unwind(|| property(&input)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "broken by {broken:#?}");
}

#[test]
fn every_property_is_fuzzed() {
    let folder = fuzz().join("fuzz_targets");
    let targets = fs::read_dir(&folder).expect("the targets").count();
    assert_eq!(targets, ALL.len());
    for (name, _) in ALL {
        let target = fs::read_to_string(folder.join(name).with_extension("rs")).expect(name);
        assert!(target.contains(&format!("parlor_properties::{name}(")), "{name}");
    }
}
