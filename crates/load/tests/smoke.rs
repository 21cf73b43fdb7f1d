//! The bench with the smallest numbers, over the real program: it goes through, and its table is whole. Nothing here
//! depends on how long anything takes.

#![allow(clippy::unwrap_used, reason = "whatever is missing ends the test")]

use parlor_load::{
    crowd::Stop,
    measure::{Bench, Figures},
    report,
    scale::{Programs, Scale},
    subject::Name,
};

fn bench(stop: Stop) -> anyhow::Result<Figures> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let programs = Programs { own: env!("CARGO_BIN_EXE_parlor-load").into(), ws: None, broker_url: None };
    Bench { only: Vec::new(), scale: Scale::smoke(), programs, runtime: runtime.handle().clone(), stop }.run()
}

#[test]
fn a_small_run_measures_everything() {
    let figures = bench(Stop::default()).unwrap();
    let room = figures.fan_out.as_ref().unwrap();
    let names: Vec<Name> = room.rows.iter().map(|row| row.name).collect();
    assert_eq!(names, [Name::Floor, Name::Parlor, Name::Tungstenite]);
    assert!(room.rows.iter().all(|row| row.single.median > 0.0 && row.burst.median > 0.0));
    assert_eq!(figures.large_fan_out.as_ref().unwrap().rows.len(), 2);
    assert_eq!(figures.memory.len(), 2);
    assert!(figures.acks.iter().all(|row| row.per_second.median > 0.0));
    assert_eq!(figures.acks.len(), 3, "one alone, four alone, four in twos");
    assert!(figures.commands[0].command_p50 > 0.0);

    let table = report::table(&figures);
    assert!(table.contains("| Parlor | ") && !table.contains("NaN"), "{table}");
    let svg = report::chart::draw(&figures);
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
    let json = serde_json::to_value(&figures).unwrap();
    assert_eq!(json["fan_out"]["rows"][1]["name"], "parlor");
}

#[test]
fn a_run_that_is_asked_to_stop_stops() {
    let stop = Stop::default();
    stop.ask();
    assert_eq!(bench(stop).unwrap_err().to_string(), "stopped");
}
