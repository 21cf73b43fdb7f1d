//! What a command line says, and what its arguments are by the types that a bot announced.

use parlor_protocol::{
    error::{ErrorCode, Refusal},
    limits,
    line::{self, Argument, ArgumentKind, CommandLine},
    names::Username,
    text::Text,
};
use regex::Regex;
use serde_json::{Map, Value};

/// The first line holds the argument types as JSON, the rest is the command line. What is read fits its types and
/// survives the way to the bot; what is refused names a character of the line.
pub fn command_line(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (types, line) = input.split_once('\n').unwrap_or(("", input));
    // Whoever asks has passed this.
    let Ok(text) = Text::parse(line.to_owned()) else { return };
    let read = match line::parse(text.as_str()) {
        Ok(read) => read,
        Err(refusal) => return names_its_place(line, &refusal),
    };
    assert!(line::is_command_name(&read.name));
    assert!(line.ends_with(read.rest) && read.whole == line);
    if let Ok(types) = serde_json::from_str::<Vec<Argument>>(types)
        && Argument::check_all(&types).is_ok()
    {
        with_types(&read, &types);
    }
}

fn with_types(read: &CommandLine<'_>, types: &[Argument]) {
    assert!(line::usage(&read.name, types).starts_with(&format!("/{}", read.name)));
    assert!(line::json_schema(types)["properties"].as_object().is_some_and(|them| them.len() == types.len()));
    let values = read.arguments(types);
    for separator in [' ', '='] {
        let other = format!("/{}{separator}{}", read.name, read.rest);
        let other = line::parse(&other).expect("it has the same name").arguments(types);
        assert_eq!(other.is_ok(), values.is_ok(), "both spellings mean the same");
        assert_eq!(other.ok().as_ref(), values.as_ref().ok(), "both spellings mean the same");
    }
    match values {
        Ok(values) => fit(&values, types),
        Err(refusal) => names_its_place(read.whole, &refusal),
    }
}

fn fit(values: &Map<String, Value>, types: &[Argument]) {
    for argument in types {
        match (values.get(&argument.name), argument.many) {
            (None, _) => assert!(!argument.required, "{} is missing", argument.name),
            (Some(Value::Array(list)), true) => {
                assert!(!list.is_empty() && list.iter().all(|value| fits(value, &argument.kind)), "{argument:?}");
            }
            (Some(value), many) => assert!(!many && fits(value, &argument.kind), "{argument:?}"),
        }
    }
    assert!(values.keys().all(|name| types.iter().any(|argument| argument.name == *name)));
    let sent = serde_json::to_string(values).expect("arguments are JSON");
    assert_eq!(serde_json::from_str::<Map<String, Value>>(&sent).ok().as_ref(), Some(values));
}

fn fits(value: &Value, kind: &ArgumentKind) -> bool {
    let word = value.as_str();
    match kind {
        ArgumentKind::Word { pattern, max_length } => word.is_some_and(|word| {
            max_length.is_none_or(|max| word.chars().count() <= max as usize)
                && pattern.as_deref().is_none_or(|pattern| matches_whole(pattern, word))
        }),
        ArgumentKind::Integer { min, max } => {
            value.as_i64().is_some_and(|n| min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max))
        }
        ArgumentKind::Number { min, max } => {
            value.as_f64().is_some_and(|n| min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max))
        }
        ArgumentKind::Choice { values } => word.is_some_and(|word| values.iter().any(|value| value == word)),
        ArgumentKind::Person => word.is_some_and(|word| Username::parse(word).is_ok_and(|name| name.as_str() == word)),
        ArgumentKind::Text => word.is_some_and(|word| !word.trim().is_empty()),
    }
}

/// A pattern that is none by itself could reach out of what it is put into.
fn matches_whole(pattern: &str, word: &str) -> bool {
    let whole = format!("^(?:{pattern})$");
    Regex::new(pattern).is_ok() && Regex::new(&whole).is_ok_and(|whole| whole.is_match(word))
}

fn names_its_place(line: &str, refusal: &Refusal) {
    assert!(matches!(refusal.code, ErrorCode::InvalidArguments | ErrorCode::UnknownCommand));
    let place = refusal.position.expect("it names a character") as usize;
    assert!(place <= line.chars().count(), "{place} is behind the line");
    assert!(refusal.message.len() <= limits::TEXT_BYTES);
    assert!(!refusal.message.contains(char::is_control), "{:?}", refusal.message);
}
