//! Splitting the rest of a command line into words: by white space, with `"…"` around words that have some.

use super::Fault;

/// A word and where it begins, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub at: usize,
    /// Written in quotes: then it is never an option's name.
    pub quoted: bool,
}

/// Within quotes `\"` is a quote and `\\` a backslash.
pub(super) fn split(rest: &str) -> Result<Vec<Word>, Fault> {
    let mut words = Vec::new();
    let mut chars = rest.chars().enumerate().peekable();
    while let Some(&(at, first)) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        let mut word = Word { text: String::new(), at, quoted: first == '"' };
        let mut open_quote = None;
        while let Some(&(here, c)) = chars.peek() {
            match (c, open_quote) {
                ('"', None) => open_quote = Some(here),
                ('"', Some(_)) => open_quote = None,
                ('\\', Some(_)) => {
                    chars.next();
                    match chars.peek() {
                        Some(&(_, escaped @ ('"' | '\\'))) => word.text.push(escaped),
                        _ => {
                            word.text.push('\\');
                            continue;
                        }
                    }
                }
                (c, None) if c.is_whitespace() => break,
                (c, _) => word.text.push(c),
            }
            chars.next();
        }
        if let Some(at) = open_quote {
            return Err(Fault { at, message: "This quote is never closed.".into() });
        }
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rest: &str) -> Vec<String> {
        split(rest).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_keep_white_space_together() {
        assert_eq!(texts(r#" a  "b c" d"e f"g "#), ["a", "b c", "de fg"]);
        assert_eq!(texts(r#""say \"hi\" \\ \n""#), [r#"say "hi" \ \n"#]);
        assert_eq!(texts(r#""""#), [""]);
        assert_eq!(split(r#"a "b"#).unwrap_err().at, 2);
    }
}
