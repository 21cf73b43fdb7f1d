//! The command line: `/name=rest` or `/name rest`, split into words and read by a command's argument types.
//!
//! Pure functions over text. What a command does, and who may call it, is not known here.

use serde_json::{Map, Value};

use crate::error::{ErrorCode, Refusal};

mod arguments;
mod words;

pub use arguments::{Argument, ArgumentKind, InvalidArgument, json_schema, usage};

/// A line that begins like a command: its name in lower case, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine<'a> {
    /// The line as it was written.
    pub whole: &'a str,
    pub name: String,
    pub rest: &'a str,
    /// Where `rest` begins in the line, in characters.
    rest_at: usize,
}

/// Reads `/name rest` or `/name=rest`; white space before the slash is passed over.
///
/// # Errors
/// `invalid_arguments` if the line does not begin with a slash and a name.
pub fn parse(line: &str) -> Result<CommandLine<'_>, Refusal> {
    let trimmed = line.trim_start();
    let slash_at = line.chars().count() - trimmed.chars().count();
    let Some(after) = trimmed.strip_prefix('/') else {
        return Err(Refusal::new(ErrorCode::InvalidArguments, "A command begins with a slash.").at(slash_at));
    };
    let end = after.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(after.len());
    let (name, tail) = after.split_at(end);
    if !is_command_name(&name.to_lowercase()) {
        let refusal = Refusal::new(ErrorCode::UnknownCommand, format!("There is no command /{}.", shown(name)));
        return Err(refusal.at(slash_at + 1));
    }
    let separator = usize::from(tail.starts_with('='));
    let rest = &tail[separator..];
    let rest_at = slash_at + 1 + name.chars().count() + separator;
    Ok(CommandLine { whole: line, name: name.to_lowercase(), rest, rest_at })
}

/// A command's name: `a-z`, then `a-z`, digits, `-` or `_`; at most 32 characters.
#[must_use]
pub fn is_command_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        && name.len() <= 32
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(32).collect()
}

impl CommandLine<'_> {
    /// Reads the rest of the line by these argument types.
    ///
    /// # Errors
    /// `invalid_arguments`, with the position of the character at fault in the whole line.
    pub fn arguments(&self, types: &[Argument]) -> Result<Map<String, Value>, Refusal> {
        arguments::read(self.rest, types).map_err(|fault| {
            let refusal = Refusal::new(ErrorCode::InvalidArguments, fault.message);
            refusal.at(self.rest_at + fault.at)
        })
    }
}

/// Something wrong at a character of the rest of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    at: usize,
    message: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn symbol() -> Vec<Argument> {
        vec![Argument {
            name: "symbol".into(),
            summary: "The share".into(),
            kind: ArgumentKind::Word { pattern: Some("[A-Za-z0-9.^-]+".into()), max_length: Some(20) },
            required: true,
            option: false,
            many: false,
        }]
    }

    #[test]
    fn both_spellings_mean_the_same() {
        for line in ["/stock=aapl.us", "/stock aapl.us", "  /STOCK   aapl.us  ", "/stock= aapl.us", "/stock\taapl.us"] {
            let read = parse(line).unwrap();
            assert_eq!(read.name, "stock", "{line}");
            assert_eq!(Value::Object(read.arguments(&symbol()).unwrap()), json!({"symbol": "aapl.us"}), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_line_is_refused() {
        assert_eq!(parse("stock aapl").unwrap_err().code, ErrorCode::InvalidArguments);
        for line in ["/", "/ stock", "//x", "/1", "/\u{202e}x", "/é", &format!("/{}", "a".repeat(33))] {
            assert_eq!(parse(line).unwrap_err().code, ErrorCode::UnknownCommand, "{line}");
        }
    }

    #[test]
    fn a_fault_names_its_character_in_the_whole_line() {
        let position = |line: &str| parse(line).unwrap().arguments(&symbol()).unwrap_err().position;
        assert_eq!(position("/stock"), Some(6));
        assert_eq!(position("/stock aa$pl"), Some(9));
        assert_eq!(position("  /stock=aa$pl"), Some(11));
        assert_eq!(position("/stock aapl msft"), Some(12));
        assert_eq!(position("/stock \"aapl"), Some(7));
        assert_eq!(position(&format!("/stock {}", "a".repeat(21))), Some(27));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,80}") {
            if let Ok(read) = parse(&line) {
                let _ = read.arguments(&symbol());
            }
        }

        #[test]
        fn a_position_is_inside_the_line_or_at_its_end(rest in "[ -~é😀]{0,40}") {
            let line = format!("/stock {rest}");
            if let Err(refusal) = parse(&line).unwrap().arguments(&symbol()) {
                let at = refusal.position.unwrap() as usize;
                prop_assert!(at <= line.chars().count());
            }
        }

        #[test]
        fn a_valid_symbol_always_comes_through(symbol_text in "[A-Za-z0-9.^-]{1,20}") {
            prop_assume!(!symbol_text.starts_with("--"));
            let line = format!("/stock={symbol_text}");
            let read = parse(&line).unwrap().arguments(&symbol()).unwrap();
            prop_assert_eq!(read["symbol"].as_str(), Some(symbol_text.as_str()));
        }
    }
}
