//! Lays out a TypeScript declaration that comes in one line with comments in between, so that people can read it.

const WIDTH: usize = 110;

/// `type Name = …` with one member of a union, or one field, a line where it does not fit in one.
pub(super) fn lay_out(declaration: &str) -> String {
    let Some((name, body)) = declaration.split_once(" = ") else { return declaration.to_owned() };
    let body = body.trim().trim_end_matches(';');
    let members: Vec<String> = split(body, '|').into_iter().map(|member| object(member.trim(), 0)).collect();
    let line = format!("{name} = {};", members.join(" | "));
    if members.len() == 1 || (line.len() <= WIDTH && !line.contains('\n')) {
        return line;
    }
    let members: Vec<String> = split(body, '|').into_iter().map(|member| object(member.trim(), 4)).collect();
    format!("{name} =\n  | {};", members.join("\n  | "))
}

/// Lays out `{ field: type, … }`; whatever stands behind it stays there.
fn object(text: &str, indent: usize) -> String {
    let Some((fields, behind)) = text.strip_prefix('{').and_then(|rest| rest.rsplit_once('}')) else {
        return text.to_owned();
    };
    if fields.trim_start().starts_with('[') {
        return text.to_owned();
    }
    let margin = " ".repeat(indent + 2);
    let fields = split(fields, ',').into_iter().map(str::trim).filter(|field| !field.is_empty());
    let fields: Vec<(Option<String>, String)> = fields.map(|text| field(text, &margin)).collect();
    let has_comments = fields.iter().any(|(comment, _)| comment.is_some());
    let line = fields.iter().map(|(_, field)| field.as_str()).collect::<Vec<_>>().join("; ");
    if !has_comments && indent + line.len() <= WIDTH {
        return format!("{{ {line} }}{behind}");
    }
    let mut lines = String::from("{\n");
    for (comment, field) in fields {
        if let Some(comment) = comment {
            lines.push_str(&format!("{margin}{comment}\n"));
        }
        lines.push_str(&format!("{margin}{field};\n"));
    }
    format!("{lines}{}}}{behind}", " ".repeat(indent))
}

/// A field's comment and the field, whose name needs no quotes.
fn field(text: &str, margin: &str) -> (Option<String>, String) {
    let (comment, field) = match text.strip_prefix("/**").and_then(|rest| rest.split_once("*/")) {
        Some((inside, field)) => (Some(comment(inside, margin)), field.trim()),
        None => (None, text),
    };
    (comment, field.replacen("\"type\":", "type:", 1))
}

/// A comment in one line if it fits, else in as few as it takes.
pub(super) fn comment(text: &str, margin: &str) -> String {
    let inside = text.trim().trim_start_matches("/**").trim_end_matches("*/");
    let words = inside.lines().flat_map(|line| line.trim().trim_start_matches('*').split_whitespace());
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if margin.len() + line.chars().count() + word.chars().count() < WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    match &lines[..] {
        [line] => format!("/** {line} */"),
        lines => format!("/**\n{margin} * {}\n{margin} */", lines.join(&format!("\n{margin} * "))),
    }
}

/// Splits where the separator stands outside of brackets, texts and comments.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    let (mut in_text, mut in_comment) = (false, false);
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        if in_comment {
            in_comment = !text[..=at].ends_with("*/");
        } else if in_text {
            in_text = c != '"';
        } else if rest.starts_with("/*") {
            in_comment = true;
        } else {
            match c {
                '"' => in_text = true,
                '{' | '[' | '<' | '(' => depth += 1,
                '}' | ']' | '>' | ')' => depth -= 1,
                c if c == separator && depth == 0 => {
                    parts.push(&text[start..at]);
                    start = at + c.len_utf8();
                }
                _ => {}
            }
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_types_stay_in_a_line() {
        assert_eq!(lay_out("type Seq = number;"), "type Seq = number;");
        assert_eq!(lay_out("type A = { a: string, b?: Array<B>, };"), "type A = { a: string; b?: Array<B> };");
        assert_eq!(lay_out("type K = \"a\" | \"b\";"), "type K = \"a\" | \"b\";");
    }

    #[test]
    fn a_commented_field_gets_a_line_of_its_own() {
        let laid_out = lay_out(
            "type F = { \"type\": \"x\", \n/**\n * One, {two}.\n */\nid: string | null, } | { b: { [key in string]: C }, } & D;",
        );
        let expected = "type F =\n  | {\n      type: \"x\";\n      /** One, {two}. */\n      id: string | null;\n    }\n  | { b: { [key in string]: C } } & D;";
        assert_eq!(laid_out, expected);
    }
}
