//! Names that people choose: of rooms, of accounts, of themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::limits;

/// Why a name was refused; the text is for the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("A name needs at least one character.")]
    Empty,
    #[error("A name has at most {} characters.", limits::NAME_CHARS)]
    TooLong,
    #[error("A name must not contain control or invisible characters.")]
    Forbidden,
    #[error(
        "A username has 1 to {} characters: small letters a to z, digits, and . _ - after the first.",
        limits::USERNAME_CHARS
    )]
    Username,
}

/// For the published schemas, as far as every reader's regular expressions go: something, and nothing that is no sign.
const VISIBLE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*$";

/// A room's name or the name a person is shown by: NFC, trimmed, 1 to 80 characters, all visible.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = limits::NAME_CHARS, "pattern" = VISIBLE))]
#[ts(type = "string")]
pub struct Name(String);

impl Name {
    /// # Errors
    /// What is wrong with the name, in words for its chooser.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name: String = text.nfc().collect();
        let name = name.trim();
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > limits::NAME_CHARS {
            return Err(InvalidName::TooLong);
        }
        if !name.chars().all(is_visible) {
            return Err(InvalidName::Forbidden);
        }
        Ok(Self(name.to_owned()))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What two names that count as the same have in common: neither case nor the width of a gap tells them apart.
    #[must_use]
    pub fn folded(&self) -> String {
        let one_gap = self.0.split_whitespace().collect::<Vec<_>>().join(" ");
        caseless::default_case_fold_str(&one_gap).nfc().collect()
    }
}
impl TryFrom<String> for Name {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}
impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Neither control (C0, C1, bidirectional) nor otherwise without a shape of its own.
fn is_visible(c: char) -> bool {
    use GeneralCategory as G;
    let shapeless_letters = matches!(c, '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
        | '\u{3164}' | '\u{ffa0}' | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0e}' | '\u{e0100}'..='\u{e01ef}');
    let category = c.general_category();
    !shapeless_letters
        && !matches!(
            category,
            G::Control | G::Format | G::LineSeparator | G::ParagraphSeparator | G::PrivateUse | G::Unassigned
        )
}

/// What a person logs in with. Small letters, so that two accounts never differ by case alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9][a-z0-9._-]{0,31}$"))]
#[ts(type = "string")]
pub struct Username(String);

impl Username {
    /// # Errors
    /// [`InvalidName::Username`] unless it is 1 to 32 of `a-z 0-9 . _ -`, the first a letter or digit.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim().to_ascii_lowercase();
        let mut bytes = text.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let goes_on_well =
            bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
        if starts_well && goes_on_well && text.len() <= limits::USERNAME_CHARS {
            Ok(Self(text))
        } else {
            Err(InvalidName::Username)
        }
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for Username {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}
impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_composed() {
        assert_eq!(Name::parse("  Cafe\u{301} \u{a0}").unwrap().as_str(), "Café");
        assert_eq!(Name::parse("a \u{2003}b").unwrap().folded(), Name::parse("a b").unwrap().folded());
        assert_eq!(Name::parse("Straße").unwrap().folded(), Name::parse("STRASSE").unwrap().folded());
    }

    #[test]
    fn names_that_hide_something_are_refused() {
        for bad in [
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "\u{2066}x",
            "a\nb",
            "a\u{85}b",
            "\u{3164}",
            "a\u{2028}b",
            "a\u{ad}b",
        ] {
            assert_eq!(Name::parse(bad), Err(InvalidName::Forbidden), "{bad:?}");
        }
        assert_eq!(Name::parse(" \u{2003} "), Err(InvalidName::Empty));
        assert!(Name::parse(&"é".repeat(80)).is_ok());
        assert_eq!(Name::parse(&"é".repeat(81)), Err(InvalidName::TooLong));
    }

    #[test]
    fn usernames_are_plain() {
        assert_eq!(Username::parse(" Carlos ").unwrap().as_str(), "carlos");
        for bad in ["", ".x", "-x", "a b", "é", "a\0", &"a".repeat(33)] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }
}
