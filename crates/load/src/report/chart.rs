//! The picture in docs/performance.svg: bars of ratios to the floor, drawn without any library. It is legible on
//! light and dark pages, since it brings its own background.

use std::fmt::Write as _;

use super::goal;
use crate::{
    measure::{Figures, fanout::Row},
    stats::Spread,
    subject::Name,
};

const WIDTH: f64 = 760.0;
const LABELS: f64 = 270.0;
const BARS: f64 = 380.0;
const ROW: f64 = 26.0;

/// A group of bars with one scale.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    title: String,
    bars: Vec<Bar>,
    /// Where the goal is, if there is one.
    goal: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Bar {
    label: String,
    value: Spread,
    text: String,
    own: bool,
}

/// The picture.
#[must_use]
pub fn draw(figures: &Figures) -> String {
    let groups = groups(figures);
    let rows: usize = groups.iter().map(|group| group.bars.len() + 2).sum();
    let height = ROW * crate::stats::count(rows) + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"Parlor's costs beside the floor and its peers\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fbfaf8\"/>\n"
    );
    let mut y = 14.0;
    for group in &groups {
        draw_group(&mut svg, group, &mut y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn groups(figures: &Figures) -> Vec<Group> {
    let room = figures.fan_out.iter();
    let members = figures.fan_out.as_ref().map_or(0, |room| room.members);
    let fan_out = |title: String, pick: fn(&Row) -> Spread, goal| Group {
        title,
        goal: Some(goal),
        bars: room.clone().flat_map(|room| &room.rows).map(|row| bar(row.name, pick(row), times)).collect(),
    };
    let burst = figures.scale.burst;
    let memory = figures.memory.iter().map(|row| bar(row.name, scaled(row.bytes_per_socket, 1.0 / 1024.0), kib));
    let acks = figures.acks.iter().map(|row| Bar {
        label: format!("{} senders, {} in a room", row.senders, row.together),
        value: row.ratio,
        text: times(row.ratio.median),
        own: true,
    });
    vec![
        fan_out(
            format!("CPU per delivery, single messages, {members} members: to the bare write"),
            |row| row.single_ratio,
            goal::SINGLE,
        ),
        fan_out(
            format!("CPU per delivery, bursts of {burst}: to the bare write of single messages"),
            |row| row.burst_ratio,
            goal::BURST,
        ),
        Group {
            title: format!("Memory per idle socket, {} sockets", figures.scale.idle),
            bars: memory.collect(),
            goal: Some(goal::BYTES_PER_SOCKET / 1024.0),
        },
        Group {
            title: "Durable acks: to synced appends of groups as large".to_owned(),
            bars: acks.collect(),
            goal: None,
        },
    ]
}

fn bar(name: Name, value: Spread, text: fn(f64) -> String) -> Bar {
    Bar { label: name.title().to_owned(), value, text: text(value.median), own: name == Name::Parlor }
}

fn scaled(spread: Spread, by: f64) -> Spread {
    Spread { median: spread.median * by, least: spread.least * by, most: spread.most * by }
}

fn times(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

fn kib(kib: f64) -> String {
    format!("{kib:.1} KiB")
}

fn draw_group(svg: &mut String, group: &Group, y: &mut f64) {
    let most = group.bars.iter().map(|bar| bar.value.median).fold(group.goal.unwrap_or(0.0), f64::max);
    let x = |value: f64| LABELS + BARS * value / most.max(f64::MIN_POSITIVE);
    let top = *y + ROW;
    put(svg, &format!("<text x=\"14\" y=\"{:.1}\" font-weight=\"600\">{}</text>", *y + 17.0, group.title));
    *y = top;
    for bar in &group.bars {
        let fill = if bar.own { "#2f6f5e" } else { "#b9b4aa" };
        let (text_y, width) = (*y + 16.0, x(bar.value.median) - LABELS);
        put(svg, &format!("<text x=\"{}\" y=\"{text_y:.1}\" text-anchor=\"end\">{}</text>", LABELS - 8.0, bar.label));
        put(
            svg,
            &format!(
                "<rect x=\"{LABELS}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"18\" rx=\"2\" fill=\"{fill}\"/>",
                *y + 3.0
            ),
        );
        put(svg, &format!("<text x=\"{:.1}\" y=\"{text_y:.1}\">{}</text>", x(bar.value.median) + 8.0, bar.text));
        *y += ROW;
    }
    if let Some(goal) = group.goal {
        put(
            svg,
            &format!(
                "<path d=\"M{0:.1} {top:.1}V{y:.1}\" stroke=\"#b3541e\" stroke-width=\"2\" stroke-dasharray=\"4 3\">\
                 <title>goal</title></path>",
                x(goal)
            ),
        );
    }
    *y += ROW;
}

fn put(svg: &mut String, element: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(svg, "{element}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_figures() {
        let spread = |median| Spread { median, least: median, most: median };
        let group = Group {
            title: "t".to_owned(),
            bars: vec![bar(Name::Floor, spread(1.0), times), bar(Name::Parlor, spread(2.0), times)],
            goal: Some(0.5),
        };
        let (mut svg, mut y) = (String::new(), 0.0);
        draw_group(&mut svg, &group, &mut y);
        assert!(svg.contains("width=\"190.0\"") && svg.contains("width=\"380.0\""), "{svg}");
        assert!(svg.contains("M365.0 26.0V78.0"), "{svg}");
        assert!(svg.contains("2.00 ×"), "{svg}");
    }
}
