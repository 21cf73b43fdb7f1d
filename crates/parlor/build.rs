//! A release holds the page's files, so it is built anew when they change; other builds read them as they run.

fn main() {
    let release = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed={}", if release { "../../web/dist" } else { "build.rs" });
}
