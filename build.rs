//! Compiles OpenCC's dictionaries (`data/opencc/`) into the tables that `src/chinese/` embeds. Reads no other file and
//! needs no network; takes seconds, and runs again only when the dictionaries or the compiler change.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

#[path = "build/characters.rs"]
mod characters;
#[path = "build/compile.rs"]
mod compile;
#[path = "build/encode.rs"]
mod encode;
#[allow(dead_code)]
#[path = "src/chinese/layout.rs"]
mod layout;
#[path = "build/marks.rs"]
mod marks;
#[allow(dead_code)]
#[path = "build/model.rs"]
mod model;

use model::Model;
use std::{fs, path::PathBuf};

/// The configurations, and the stages of some alone: where the fast walk cannot tell, the engine runs those.
const TABLES: [(&str, Option<usize>); 20] = [
    ("s2t", None),
    ("t2s", None),
    ("s2tw", None),
    ("tw2s", None),
    ("s2twp", None),
    ("tw2sp", None),
    ("s2hk", None),
    ("hk2s", None),
    ("s2hkp", None),
    ("hk2sp", None),
    ("t2tw", None),
    ("tw2t", None),
    ("t2hk", None),
    ("hk2t", None),
    ("t2jp", None),
    ("jp2t", None),
    ("s2twp", Some(1)),
    ("s2hkp", Some(1)),
    ("tw2sp", Some(0)),
    ("hk2sp", Some(0)),
];

fn main() {
    for path in ["build.rs", "build", "src/chinese/layout.rs", "data/opencc/dictionary", "data/opencc/config"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for (name, stage) in TABLES {
        let mut model = Model::new(&read("config", name, "json"), &mut dictionary);
        let mut file = name.to_owned();
        if let Some(stage) = stage {
            model = Model { stages: vec![model.stages.swap_remove(stage)], segmentation: None, ..model };
            file = format!("{name}.{stage}");
        }
        fs::write(out.join(format!("{file}.table")), encode::encode(&compile::compile(&model)))
            .expect("OUT_DIR is writable");
    }
    fs::write(out.join("characters.table"), characters::table(&mut dictionary)).expect("OUT_DIR is writable");
}

fn dictionary(name: &str) -> String {
    read("dictionary", name, "txt")
}

fn read(folder: &str, name: &str, extension: &str) -> String {
    let path = format!("data/opencc/{folder}/{name}.{extension}");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
