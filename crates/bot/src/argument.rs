//! Small constructors for the typed arguments of a command. What a line must look like to fit them is the protocol's
//! affair.

use parlor_protocol::line::{Argument, ArgumentKind};

/// An argument in the making: required, and found by its place in the line, unless it is told otherwise.
#[derive(Debug, Clone)]
#[must_use]
pub struct Described<K> {
    argument: Argument,
    kind: K,
}

#[derive(Debug, Clone, Default)]
pub struct Word {
    pattern: Option<String>,
    max_length: Option<u32>,
}
#[derive(Debug, Clone, Default)]
pub struct Integer {
    min: Option<i64>,
    max: Option<i64>,
}
#[derive(Debug, Clone, Default)]
pub struct Number {
    min: Option<f64>,
    max: Option<f64>,
}
/// A kind that needs no more to be said.
#[derive(Debug, Clone)]
pub struct Plain(ArgumentKind);

fn described<K>(name: &str, kind: K) -> Described<K> {
    let argument = Argument {
        name: name.to_owned(),
        summary: String::new(),
        kind: ArgumentKind::Text,
        required: true,
        option: false,
        many: false,
    };
    Described { argument, kind }
}

/// One word.
pub fn word(name: &str) -> Described<Word> {
    described(name, Word::default())
}
/// A whole number.
pub fn integer(name: &str) -> Described<Integer> {
    described(name, Integer::default())
}
/// A decimal number.
pub fn number(name: &str) -> Described<Number> {
    described(name, Number::default())
}
/// One of these words.
pub fn choice(name: &str, values: &[&str]) -> Described<Plain> {
    described(name, Plain(ArgumentKind::Choice { values: values.iter().map(|value| (*value).to_owned()).collect() }))
}
/// A username.
pub fn person(name: &str) -> Described<Plain> {
    described(name, Plain(ArgumentKind::Person))
}
/// All that is left of the line.
pub fn text(name: &str) -> Described<Plain> {
    described(name, Plain(ArgumentKind::Text))
}

impl<K> Described<K> {
    pub fn summary(mut self, summary: &str) -> Self {
        summary.clone_into(&mut self.argument.summary);
        self
    }
    pub fn optional(mut self) -> Self {
        self.argument.required = false;
        self
    }
    /// Written `--name value`, anywhere in the line; optional.
    pub fn option(mut self) -> Self {
        self.argument.option = true;
        self.optional()
    }
    /// Takes all words that are left.
    pub fn many(mut self) -> Self {
        self.argument.many = true;
        self
    }
}

impl Described<Word> {
    /// A regular expression that the whole word must match.
    pub fn matching(mut self, pattern: &str) -> Self {
        self.kind.pattern = Some(pattern.to_owned());
        self
    }
    pub fn at_most(mut self, characters: u32) -> Self {
        self.kind.max_length = Some(characters);
        self
    }
}
impl Described<Integer> {
    pub fn between(mut self, min: i64, max: i64) -> Self {
        self.kind = Integer { min: Some(min), max: Some(max) };
        self
    }
}
impl Described<Number> {
    pub fn between(mut self, min: f64, max: f64) -> Self {
        self.kind = Number { min: Some(min), max: Some(max) };
        self
    }
}

impl From<Word> for ArgumentKind {
    fn from(Word { pattern, max_length }: Word) -> Self {
        Self::Word { pattern, max_length }
    }
}
impl From<Integer> for ArgumentKind {
    fn from(Integer { min, max }: Integer) -> Self {
        Self::Integer { min, max }
    }
}
impl From<Number> for ArgumentKind {
    fn from(Number { min, max }: Number) -> Self {
        Self::Number { min, max }
    }
}
impl From<Plain> for ArgumentKind {
    fn from(Plain(kind): Plain) -> Self {
        kind
    }
}
impl<K: Into<ArgumentKind>> From<Described<K>> for Argument {
    fn from(described: Described<K>) -> Self {
        Self { kind: described.kind.into(), ..described.argument }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_constructor_gives_its_type() {
        let symbol: Argument = word("symbol").summary("The share").matching("[a-z]+").at_most(20).into();
        assert_eq!(symbol.kind, ArgumentKind::Word { pattern: Some("[a-z]+".into()), max_length: Some(20) });
        assert_eq!((symbol.name.as_str(), symbol.summary.as_str(), symbol.required), ("symbol", "The share", true));
        let sides: Argument = integer("sides").between(2, 100).optional().into();
        assert_eq!(sides.kind, ArgumentKind::Integer { min: Some(2), max: Some(100) });
        assert!(!sides.required);
        let format: Argument = choice("format", &["pdf", "csv"]).option().into();
        assert!(format.option && !format.required);
        let arguments = [symbol, sides, person("whom").optional().many().into(), format];
        assert_eq!(Argument::check_all(&arguments), Ok(()));
    }
}
