//! A command's argument types: how a line is read by them, and how they look to people and programs.

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Fault, words, words::Word};
use crate::{limits, names::Username};

/// One argument of a command. Those without `option` stand in the line in the manifest's order; an option is
/// written `--name value` or `--name=value` anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// As a command's name: `a-z`, digits, `-`, `_`.
    pub name: String,
    #[serde(default)]
    pub summary: String,
    pub kind: ArgumentKind,
    #[serde(default = "yes")]
    pub required: bool,
    #[serde(default)]
    pub option: bool,
    /// Takes all words that are left; the value is a list. Only the last one that is no option can.
    #[serde(default)]
    pub many: bool,
}

fn yes() -> bool {
    true
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ArgumentKind {
    /// One word. `pattern` is a regular expression (RE2's kind) of at most 256 characters that the
    /// whole word must match.
    Word {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_length: Option<u32>,
    },
    /// A whole number.
    Integer {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// A decimal number.
    Number {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// One of these words.
    Choice { values: Vec<String> },
    /// A username, with or without `@`.
    Person,
    /// All that is left of the line, as it was written; the last argument only.
    Text,
}

/// Why a manifest's argument types make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidArgument(String);

impl Argument {
    /// Whether these can be the arguments of one command.
    ///
    /// # Errors
    /// What is wrong, for the bot's author.
    pub fn check_all(arguments: &[Self]) -> Result<(), InvalidArgument> {
        let wrong = |text: String| Err(InvalidArgument(text));
        if arguments.len() > limits::COMMAND_ARGUMENTS {
            return wrong(format!("a command has at most {} arguments", limits::COMMAND_ARGUMENTS));
        }
        let positional: Vec<_> = arguments.iter().filter(|argument| !argument.option).collect();
        for (i, argument) in positional.iter().enumerate() {
            let last = i + 1 == positional.len();
            if !last && (argument.many || argument.kind == ArgumentKind::Text) {
                return wrong(format!("only the last argument can take all that is left, not `{}`", argument.name));
            }
            if argument.required && positional[..i].iter().any(|earlier| !earlier.required) {
                return wrong(format!("`{}` is required, but stands behind one that is not", argument.name));
            }
        }
        let takes_text = positional.iter().any(|argument| argument.kind == ArgumentKind::Text);
        if takes_text && positional.len() < arguments.len() {
            return wrong("options cannot stand beside an argument of type text".to_owned());
        }
        for (i, argument) in arguments.iter().enumerate() {
            argument.check()?;
            if arguments[..i].iter().any(|earlier| earlier.name == argument.name) {
                return wrong(format!("there are two arguments named `{}`", argument.name));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), InvalidArgument> {
        let wrong = |text: String| Err(InvalidArgument(text));
        if !super::is_command_name(&self.name) {
            return wrong("an argument's name is a-z, then a-z, digits, - or _".to_owned());
        }
        if self.summary.chars().count() > limits::SUMMARY_CHARS || self.summary.chars().any(char::is_control) {
            return wrong(format!("the summary of `{}` is too long or no line", self.name));
        }
        match &self.kind {
            ArgumentKind::Word { pattern: Some(pattern), .. } if !is_pattern(pattern) => {
                wrong(format!("the pattern of `{}` is no regular expression that fits here", self.name))
            }
            ArgumentKind::Choice { values } if values.is_empty() || values.len() > 50 => {
                wrong(format!("`{}` must have 1 to 50 values", self.name))
            }
            ArgumentKind::Choice { values } if values.iter().any(|value| !is_plain_word(value)) => {
                wrong(format!("the values of `{}` must be words of at most 64 characters", self.name))
            }
            ArgumentKind::Text if self.option || self.many => {
                wrong(format!("`{}` is text, so it can be neither an option nor many", self.name))
            }
            _ if self.option && self.many => wrong(format!("`{}` cannot be both an option and many", self.name)),
            _ => Ok(()),
        }
    }
}

fn is_plain_word(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether it is one by itself too, or it could reach out of the group that it is put into, as `a)|(?:b` does.
fn is_pattern(pattern: &str) -> bool {
    pattern.chars().count() <= limits::PATTERN_CHARS && bounded_regex(pattern).is_ok() && whole_word(pattern).is_ok()
}

fn whole_word(pattern: &str) -> Result<Regex, regex::Error> {
    bounded_regex(&format!("^(?:{pattern})$"))
}

/// It matches in linear time, so that a bot's pattern can cost neither time nor memory.
fn bounded_regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(64 * 1024).nest_limit(20).build()
}

pub(super) fn read(rest: &str, types: &[Argument]) -> Result<Map<String, Value>, Fault> {
    let mut values = Map::new();
    let mut positional = types.iter().filter(|argument| !argument.option);
    if let Some(text) = types.iter().find(|argument| argument.kind == ArgumentKind::Text) {
        return read_with_text(rest, &positional.collect::<Vec<_>>(), text);
    }
    let mut words = words::split(rest)?.into_iter();
    let mut collecting: Option<&Argument> = None;
    while let Some(word) = words.next() {
        if let Some((argument, inline)) = option_of(&word, types)? {
            let value = match inline {
                Some(value) => value,
                None => words.next().ok_or_else(|| Fault {
                    at: rest.chars().count(),
                    message: format!("--{} needs a value.", argument.name),
                })?,
            };
            if values.insert(argument.name.clone(), argument.value(&value)?).is_some() {
                return Err(Fault { at: word.at, message: format!("--{} is there twice.", argument.name) });
            }
            continue;
        }
        let argument = match collecting {
            Some(argument) => argument,
            None => positional
                .next()
                .ok_or_else(|| Fault { at: word.at, message: "There is one argument too many.".into() })?,
        };
        let value = argument.value(&word)?;
        if argument.many {
            collecting = Some(argument);
            if let Value::Array(list) = values.entry(argument.name.clone()).or_insert_with(|| json!([])) {
                list.push(value);
            }
        } else {
            values.insert(argument.name.clone(), value);
        }
    }
    check_complete(rest, types, &values)?;
    Ok(values)
}

/// Words for the arguments before the text, then the rest as it stands.
fn read_with_text(rest: &str, positional: &[&Argument], text: &Argument) -> Result<Map<String, Value>, Fault> {
    let mut values = Map::new();
    let mut left = rest;
    for argument in positional.iter().filter(|argument| **argument != text) {
        let start = left.trim_start();
        if start.is_empty() {
            break;
        }
        let end = start.find(char::is_whitespace).unwrap_or(start.len());
        let at = rest.chars().count() - start.chars().count();
        values.insert(argument.name.clone(), argument.value(&Word { text: start[..end].into(), at, quoted: false })?);
        left = &start[end..];
    }
    let written = left.trim();
    if !written.is_empty() {
        values.insert(text.name.clone(), written.into());
    }
    let types: Vec<_> = positional.iter().map(|argument| (*argument).clone()).collect();
    check_complete(rest, &types, &values)?;
    Ok(values)
}

fn check_complete(rest: &str, types: &[Argument], values: &Map<String, Value>) -> Result<(), Fault> {
    match types.iter().find(|argument| argument.required && !values.contains_key(&argument.name)) {
        Some(missing) => Err(Fault {
            at: rest.trim_end().chars().count(),
            message: format!("The argument {} is missing.", missing.written()),
        }),
        None => Ok(()),
    }
}

/// The option a word names, and its value if that is written behind `=`.
fn option_of<'t>(word: &Word, types: &'t [Argument]) -> Result<Option<(&'t Argument, Option<Word>)>, Fault> {
    let Some(named) = word.text.strip_prefix("--").filter(|_| !word.quoted) else { return Ok(None) };
    if !types.iter().any(|argument| argument.option) {
        return Ok(None);
    }
    let (name, value) = match named.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (named, None),
    };
    let argument = types
        .iter()
        .find(|argument| argument.option && argument.name == name)
        .ok_or_else(|| Fault { at: word.at, message: format!("There is no option --{}.", super::shown(name)) })?;
    let inline =
        value.map(|value| Word { text: value.to_owned(), at: word.at + 3 + name.chars().count(), quoted: true });
    Ok(Some((argument, inline)))
}

impl Argument {
    fn value(&self, word: &Word) -> Result<Value, Fault> {
        let fault = |offset: usize, message: String| Err(Fault { at: word.at + offset, message });
        let text = word.text.as_str();
        match &self.kind {
            ArgumentKind::Word { pattern, max_length } => {
                if let Some(max) = max_length.map(|max| max as usize)
                    && text.chars().count() > max
                {
                    return fault(max, format!("{} has at most {max} characters.", self.written()));
                }
                if let Some(pattern) = pattern {
                    let Ok(regex) = whole_word(pattern) else {
                        return fault(0, format!("{} can match nothing.", self.written()));
                    };
                    if !regex.is_match(text) {
                        let (offset, message) = misfit(&regex, text);
                        return fault(offset, format!("{}: {message}", self.written()));
                    }
                }
                Ok(text.into())
            }
            ArgumentKind::Integer { min, max } => match text.parse::<i64>() {
                Ok(n) if min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max) => Ok(n.into()),
                Ok(_) => fault(0, format!("{} must be {}.", self.written(), range(*min, *max))),
                Err(_) => fault(0, format!("{} must be a whole number.", self.written())),
            },
            ArgumentKind::Number { min, max } => match text.parse::<f64>() {
                Ok(n) if n.is_finite() && min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max) => {
                    Ok(n.into())
                }
                Ok(n) if n.is_finite() => fault(0, format!("{} must be {}.", self.written(), range(*min, *max))),
                _ => fault(0, format!("{} must be a number.", self.written())),
            },
            ArgumentKind::Choice { values } => {
                if values.iter().any(|value| value == text) {
                    Ok(text.into())
                } else {
                    fault(0, format!("{} must be one of: {}.", self.written(), values.join(", ")))
                }
            }
            ArgumentKind::Person => match Username::parse(text.strip_prefix('@').unwrap_or(text)) {
                Ok(username) => Ok(username.as_str().into()),
                Err(_) => fault(0, format!("{} must be a username.", self.written())),
            },
            ArgumentKind::Text => Ok(text.into()),
        }
    }

    /// As help shows it.
    fn written(&self) -> String {
        if self.option { format!("--{}", self.name) } else { self.name.clone() }
    }
}

/// The first character after which the word can match no more: the longest prefix that matches ends before it.
fn misfit(regex: &Regex, text: &str) -> (usize, String) {
    let ends = text.char_indices().map(|(i, _)| i).chain([text.len()]).take(256);
    let longest = ends.filter(|&end| regex.is_match(&text[..end])).last().unwrap_or(0);
    match text[longest..].chars().next() {
        Some(c) if !c.is_control() => (text[..longest].chars().count(), format!("“{c}” does not fit here.")),
        _ => (text.chars().count(), "this does not fit.".to_owned()),
    }
}

fn range<T: ToString>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("from {} to {}", min.to_string(), max.to_string()),
        (Some(min), None) => format!("at least {}", min.to_string()),
        (None, Some(max)) => format!("at most {}", max.to_string()),
        (None, None) => "a number".to_owned(),
    }
}

/// `/report quarter [--format pdf|csv]`
#[must_use]
pub fn usage(command: &str, arguments: &[Argument]) -> String {
    let mut usage = format!("/{command}");
    for argument in arguments {
        let mut part = argument.written();
        match &argument.kind {
            ArgumentKind::Choice { values } => {
                let _ = write!(part, " {}", values.join("|"));
            }
            ArgumentKind::Integer { min: Some(min), max: Some(max) } => {
                let _ = write!(part, " {min}–{max}");
            }
            _ if argument.option => part.push_str(" …"),
            _ => {}
        }
        if argument.many {
            part.push('…');
        }
        let _ = if argument.required { write!(usage, " {part}") } else { write!(usage, " [{part}]") };
    }
    usage
}

/// JSON Schema (2020-12) of what [`super::CommandLine::arguments`] gives for these types.
#[must_use]
pub fn json_schema(arguments: &[Argument]) -> Value {
    let mut properties = Map::new();
    for argument in arguments {
        let mut schema = match &argument.kind {
            ArgumentKind::Word { pattern, max_length } => {
                let mut schema = json!({"type": "string"});
                if let Some(pattern) = pattern {
                    schema["pattern"] = format!("^(?:{pattern})$").into();
                }
                if let Some(max) = max_length {
                    schema["maxLength"] = (*max).into();
                }
                schema
            }
            ArgumentKind::Integer { min, max } => bounded("integer", min.map(Value::from), max.map(Value::from)),
            ArgumentKind::Number { min, max } => bounded("number", min.map(Value::from), max.map(Value::from)),
            ArgumentKind::Choice { values } => json!({"type": "string", "enum": values}),
            ArgumentKind::Person => json!({"type": "string", "format": "username"}),
            ArgumentKind::Text => json!({"type": "string", "format": "text"}),
        };
        if argument.many {
            schema = json!({"type": "array", "items": schema, "minItems": 1});
        }
        if !argument.summary.is_empty() {
            schema["description"] = argument.summary.as_str().into();
        }
        if argument.option {
            schema["x-option"] = true.into();
        }
        properties.insert(argument.name.clone(), schema);
    }
    let names = |keep: fn(&&Argument) -> bool| -> Vec<&str> {
        arguments.iter().filter(keep).map(|argument| argument.name.as_str()).collect()
    };
    json!({
        "type": "object",
        "properties": properties,
        "required": names(|argument| argument.required),
        "additionalProperties": false,
        "x-order": names(|_| true),
    })
}

fn bounded(kind: &str, min: Option<Value>, max: Option<Value>) -> Value {
    let mut schema = json!({"type": kind});
    if let Some(min) = min {
        schema["minimum"] = min;
    }
    if let Some(max) = max {
        schema["maximum"] = max;
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(name: &str, kind: ArgumentKind) -> Argument {
        Argument { name: name.into(), summary: String::new(), kind, required: true, option: false, many: false }
    }
    fn word(name: &str) -> Argument {
        argument(name, ArgumentKind::Word { pattern: None, max_length: None })
    }
    fn report() -> Vec<Argument> {
        let format = ArgumentKind::Choice { values: vec!["pdf".into(), "csv".into()] };
        vec![
            word("quarter"),
            Argument { option: true, required: false, ..argument("format", format) },
            Argument {
                option: true,
                required: false,
                ..argument("days", ArgumentKind::Integer { min: Some(1), max: Some(365) })
            },
        ]
    }

    #[test]
    fn options_stand_anywhere() {
        let expected = json!({"quarter": "q3", "format": "pdf", "days": 30});
        for line in ["q3 --format pdf --days=30", "--days 30 q3 --format=pdf"] {
            assert_eq!(Value::Object(read(line, &report()).unwrap()), expected);
        }
        for (line, at) in [
            ("q3 --format doc", 12),
            ("q3 --format", 11),
            ("q3 --frmt pdf", 3),
            ("q3 --days=400", 10),
            ("q3 --days x", 10),
            ("q3 --days 1 --days 2", 12),
            ("", 0),
        ] {
            assert_eq!(read(line, &report()).unwrap_err().at, at, "{line}");
        }
        let shown = read("q3 --da\"\t\"ys 1", &report()).unwrap_err().message;
        assert_eq!(shown, "There is no option --days.", "without what is no sign");
    }

    #[test]
    fn many_takes_all_words_and_text_all_that_is_left() {
        let people = [Argument { many: true, ..argument("person", ArgumentKind::Person) }];
        assert_eq!(read("@john Gerard", &people).unwrap()["person"], json!(["john", "gerard"]));
        assert_eq!(read("john g$", &people).unwrap_err().at, 5);
        let topic = [argument("text", ArgumentKind::Text)];
        assert_eq!(read("  it's \"all\"  ours --x ", &topic).unwrap()["text"], "it's \"all\"  ours --x");
    }

    #[test]
    fn help_shows_what_the_line_takes() {
        assert_eq!(usage("report", &report()), "/report quarter [--format pdf|csv] [--days 1–365]");
        let schema = json_schema(&report());
        assert_eq!(schema["required"], json!(["quarter"]));
        assert_eq!(schema["properties"]["days"]["maximum"], 365);
    }

    #[test]
    fn types_that_make_no_sense_are_refused() {
        assert!(Argument::check_all(&report()).is_ok());
        let text_first = [argument("a", ArgumentKind::Text), word("b")];
        let twice = [word("a"), word("a")];
        let late_required = [Argument { required: false, ..word("a") }, word("b")];
        let endless = "(".repeat(100);
        let bad_pattern = [argument("a", ArgumentKind::Word { pattern: Some(endless), max_length: None })];
        let huge = [argument("a", ArgumentKind::Word { pattern: Some("(a{1000}){1000}".into()), max_length: None })];
        let reaching_out = [argument("a", ArgumentKind::Word { pattern: Some("a)|(?:b".into()), max_length: None })];
        let long = [argument("a", ArgumentKind::Word { pattern: Some("a".repeat(257)), max_length: None })];
        let no_choice = [argument("a", ArgumentKind::Choice { values: vec![] })];
        for bad in [&text_first[..], &twice, &late_required, &bad_pattern, &huge, &reaching_out, &long, &no_choice] {
            assert!(Argument::check_all(bad).is_err(), "{bad:?}");
        }
    }
}
