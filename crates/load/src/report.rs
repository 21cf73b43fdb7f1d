//! What a run amounts to: a table in Markdown, for standard output and docs/performance.md. Ratios come first.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::{
    measure::{Figures, fanout::FanOut},
    stats::Spread,
    subject::Name,
};

pub mod chart;

/// Between these lines of docs/performance.md the table is put.
const BEGIN: &str = "<!-- figures: written by `make bench` -->";
const END: &str = "<!-- end of figures -->";

/// Goals of the design, for one kind of machine and these sizes.
pub mod goal {
    /// A single message, to the bare write of every frame.
    pub const SINGLE: f64 = 1.05;
    /// The same in the large room.
    pub const SINGLE_LARGE: f64 = 1.15;
    /// A burst of 20, to the bare write of every frame by itself: 0.7 µs where that took 6.
    pub const BURST: f64 = 0.7 / 6.0;
    pub const BYTES_PER_SOCKET: f64 = 3.0 * 1024.0;
    pub const ACKS_AT_500: f64 = 40_000.0;
}

/// All of it.
#[must_use]
pub fn table(figures: &Figures) -> String {
    let mut text = String::new();
    let scale = &figures.scale;
    let machine = &figures.machine;
    line(
        &mut text,
        &format!(
            "Medians of {} rounds, in brackets the least and the most; {} cores ({}), Linux {}.",
            scale.rounds, machine.cores, machine.processor, machine.kernel
        ),
    );
    if let Some(room) = &figures.fan_out {
        fan_out(&mut text, room, scale.burst, goal::SINGLE);
    }
    if let Some(large) = &figures.large_fan_out {
        fan_out(&mut text, large, scale.burst, goal::SINGLE_LARGE);
    }
    memory(&mut text, figures);
    acks(&mut text, figures);
    commands(&mut text, figures);
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn fan_out(text: &mut String, room: &FanOut, burst: u8, goal: f64) {
    line(text, "");
    line(
        text,
        &format!(
            "**A room of {}**, frames of {} bytes: the server's time on a core for a delivery, to the bare write of a \
             single frame",
            room.members, room.frame_bytes
        ),
    );
    line(text, "");
    line(text, &format!("| | single | burst of {burst} | µs, single and burst | client, µs |"));
    line(text, "|---|---|---|---|---|");
    for row in &room.rows {
        let title = row.name.title();
        let figures = format!("{:.2} and {:.2} | {:.2}", row.single.median, row.burst.median, row.client.median);
        let (single, burst) = (times(row.single_ratio), times(row.burst_ratio));
        line(text, &format!("| {title} | {single} | {burst} | {figures} |"));
        if let (Some(single), Some(burst)) = (row.single_ratio_without_keeping, row.burst_ratio_without_keeping) {
            line(text, &format!("| {title}, the delivery alone | {} | {} | | |", times(single), times(burst)));
        }
    }
    line(text, &format!("| goal | ≤ {goal:.2} | ≤ {:.3} | | |", goal::BURST));
    if let (Some(single), Some(burst)) = (room.keeping_single, room.keeping_burst) {
        line(text, "");
        let (single, burst) = (single.median, burst.median);
        line(
            text,
            &format!(
                "Keeping a message takes Parlor {single:.0} µs by itself and {burst:.0} µs in a burst, once a message."
            ),
        );
    }
}

fn memory(text: &mut String, figures: &Figures) {
    if figures.memory.is_empty() {
        return;
    }
    line(text, "");
    line(text, &format!("**Memory** for each of {} idle sockets", figures.scale.idle));
    line(text, "");
    line(text, "| | to Parlor | KiB |\n|---|---|---|");
    let parlor = figures.memory.iter().find(|row| row.name == Name::Parlor).map(|row| row.bytes_per_socket.median);
    for row in &figures.memory {
        let ratio = parlor.map(|parlor| format!("{:.1} ×", row.bytes_per_socket.median / parlor)).unwrap_or_default();
        let kib = |bytes: f64| bytes / 1024.0;
        let Spread { median, least, most } = row.bytes_per_socket;
        let range = format!("{:.1} ({:.1}–{:.1})", kib(median), kib(least), kib(most));
        line(text, &format!("| {} | {ratio} | {range} |", row.name.title()));
    }
    line(text, &format!("| goal | | ≤ {:.0} |", goal::BYTES_PER_SOCKET / 1024.0));
}

fn acks(text: &mut String, figures: &Figures) {
    if figures.acks.is_empty() {
        return;
    }
    line(text, "");
    line(text, "**Durable acks a second**, to groups as large appended to a file and synced");
    line(text, "");
    line(text, "| senders | in a room | to the floor | acks/s | floor, messages/s | server, µs an ack | client, µs |");
    line(text, "|---|---|---|---|---|---|---|");
    for row in &figures.acks {
        let Spread { median, least, most } = row.per_second;
        line(
            text,
            &format!(
                "| {} | {} | {} | {median:.0} ({least:.0}–{most:.0}) | {:.0} | {:.1} | {:.1} |",
                row.senders,
                row.together,
                times(row.ratio),
                row.floor_per_second.median,
                row.server.median,
                row.client.median
            ),
        );
    }
    line(text, &format!("| goal at 500 | | | ≥ {:.0} | | | |", goal::ACKS_AT_500));
}

fn commands(text: &mut String, figures: &Figures) {
    if figures.commands.is_empty() {
        return;
    }
    line(text, "");
    line(text, "**A command**, `/stock` from the bot's cache, to a message's ack on the same socket");
    line(text, "");
    line(text, "| broker | to the ack | p50 and p99, ms | ack's p50 and p99, ms |\n|---|---|---|---|");
    for row in &figures.commands {
        line(
            text,
            &format!(
                "| {} | {} | {:.2} and {:.2} | {:.2} and {:.2} |",
                row.broker,
                times(row.ratio),
                row.command_p50,
                row.command_p99,
                row.ack_p50,
                row.ack_p99
            ),
        );
    }
}

fn times(spread: Spread) -> String {
    let digits = if spread.median < 0.2 { 3 } else { 2 };
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{:.digits$} × ({:.digits$}–{:.digits$})", spread.median, spread.least, spread.most);
    text
}

/// The page with this table in place of its last.
///
/// # Errors
/// If the page does not say where.
pub fn put_into(page: &str, table: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no line where the figures begin")?;
    let (_, after) = rest.split_once(END).context("the page has no line where the figures end")?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_its_predecessors_place() {
        let page = format!("# Page\n\n{BEGIN}\nold\n{END}\n\nmore\n");
        let page = put_into(&page, "new\n").unwrap();
        assert_eq!(page, format!("# Page\n\n{BEGIN}\n\nnew\n\n{END}\n\nmore\n"));
        assert_eq!(put_into(&page, "new\n").unwrap(), page);
        assert!(put_into("# Page", "new").is_err());
    }

    #[test]
    fn a_ratio_says_how_far_its_rounds_lie_apart() {
        assert_eq!(times(Spread { median: 1.234, least: 1.0, most: 2.0 }), "1.23 × (1.00–2.00)");
        assert_eq!(times(Spread { median: 0.0421, least: 0.04, most: 0.05 }), "0.042 × (0.040–0.050)");
    }
}
