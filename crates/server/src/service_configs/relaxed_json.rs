//! JSON with `//` comments and trailing commas, as people write templates. `[doc]`
//!
//! Not here: any reading. What is not JSON is blanked, byte for byte, so that a line and column in
//! the result are those of the file.

use std::borrow::Cow;
use std::ops::Range;

/// The text with comments and trailing commas replaced by spaces; strict JSON stays as it is.
pub(super) fn strict(text: &str) -> Cow<'_, str> {
    let blanks = relaxations(text.as_bytes());
    if blanks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for blank in blanks {
        bytes[blank].fill(b' ');
    }
    // A comment ends at a line break, a comma is one byte: no character is cut.
    Cow::Owned(String::from_utf8(bytes).expect("whole characters were replaced"))
}

/// Where comments and trailing commas are.
fn relaxations(text: &[u8]) -> Vec<Range<usize>> {
    let mut blanks = Vec::new();
    // The last byte that is neither white space nor comment, and where it is.
    let mut last = (b'[', 0);
    // Whether that byte is a comma that separates or ends, and so follows a value.
    let mut after_value = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'/' if text.get(at + 1) == Some(&b'/') => {
                let end = end_of_line(text, at);
                blanks.push(at..end);
                at = end;
            }
            byte => {
                if matches!(byte, b'}' | b']') && last.0 == b',' && after_value {
                    blanks.push(last.1..last.1 + 1);
                }
                after_value = byte == b',' && !matches!(last.0, b'[' | b'{' | b',' | b':');
                last = (byte, at);
                at = if byte == b'"' {
                    end_of_string(text, at)
                } else {
                    at + 1
                };
            }
        }
    }
    blanks
}

fn end_of_line(text: &[u8], start: usize) -> usize {
    let length = text[start..].iter().position(|byte| *byte == b'\n');
    length.map_or(text.len(), |length| start + length)
}

/// The place after the closing quote of the string that starts here, or the end of the text.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::collection::{hash_map, vec};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn comments_and_trailing_commas_become_spaces() {
        let check = |text: &str, expected: &str| assert_eq!(strict(text), expected, "{text}");
        check("{\"a\":1,}", "{\"a\":1 }");
        check("[1, 2 , ]", "[1, 2   ]");
        check("[1, // one\n]", "[1        \n]");
        check("{} // é\n", "{}      \n");
        check("// all\r\n[]", "       \n[]");
        check("[[1,],]", "[[1 ] ]");
        check("[\"a\",]", "[\"a\" ]");
    }

    #[test]
    fn strings_are_untouched() {
        for text in [
            r#"{"url":"https://example.com/,]"}"#,
            r#"["\"// no comment",1]"#,
            r#"["\\",",}"]"#,
            r#"["/","//"]"#,
        ] {
            assert!(matches!(strict(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        for text in [
            "[,]",
            "{,}",
            "[1,,]",
            "[1,,2]",
            r#"{"a":,}"#,
            "[1,",
            "[1 / 2]",
            "[/* a */]",
            "1,",
            "[1,}",
            "\"a",
            "\"\\",
        ] {
            assert!(
                serde_json::from_str::<Value>(&strict(text)).is_err(),
                "{text}"
            );
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            r#"[/,"\\\]}\[{: \n]{0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let key = r#"[a-z/,"\\\]}]{0,6}"#;
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(Value::from),
                hash_map(key, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Puts a comment behind every line and a comma behind every last element.
    fn relaxed(pretty: &str) -> String {
        let lines: Vec<_> = pretty.lines().collect();
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let next = lines.get(index + 1).map_or("", |line| line.trim_start());
            let is_last = next.starts_with(['}', ']']) && !line.ends_with(['{', '[']);
            text.push_str(line);
            text.push_str(if is_last { " ,// \"é,\n" } else { "// ]\n" });
        }
        text
    }

    proptest! {
        #[test]
        fn no_text_panics_or_changes_its_length(text in any::<String>()) {
            let once = strict(&text);
            prop_assert_eq!(once.len(), text.len());
            prop_assert_eq!(strict(&once), once.as_ref());
        }

        #[test]
        fn no_punctuation_panics(text in r#"[\[\]{}:,/"\\é1 \n]{0,40}"#) {
            let once = strict(&text);
            prop_assert_eq!(once.lines().count(), text.lines().count());
            prop_assert_eq!(strict(&once), once.as_ref());
        }

        #[test]
        fn valid_json_is_unchanged(value in values()) {
            let texts = [
                serde_json::to_string(&value).expect("JSON"),
                serde_json::to_string_pretty(&value).expect("JSON"),
            ];
            for text in texts {
                prop_assert!(matches!(strict(&text), Cow::Borrowed(_)), "{}", text);
            }
        }

        #[test]
        fn relaxed_json_means_what_the_strict_text_means(value in values()) {
            let text = relaxed(&serde_json::to_string_pretty(&value).expect("JSON"));
            let read: Value = serde_json::from_str(&strict(&text)).expect("JSON");
            prop_assert_eq!(read, value);
        }
    }
}
