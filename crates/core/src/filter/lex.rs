//! The words of a filter, each with its place.

use super::error::FilterError;

/// Most characters of a piece of the request that an error repeats.
const MAX_REPEATED_CHARS: usize = 40;

/// One word and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The first character, counted from 0.
    pub(super) start: usize,
    /// Behind the last.
    pub(super) end: usize,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Letters, digits, `_`, `-` and `.`: a keyword, a segment of a path, a number.
    Word(String),
    /// `'text'`, without its quotes.
    Text(String),
    /// Anything else: one character.
    Sign(char),
    /// Behind the last word.
    End,
}

impl Kind {
    /// How an error names it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Word(word) => format!("`{}`", shortened(word)),
            Self::Text(text) => format!("the text '{}'", shortened(text)),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

impl Token {
    /// The error that something else was expected here.
    pub(super) fn unexpected(&self, expected: impl Into<String>) -> FilterError {
        FilterError {
            column: self.start + 1,
            length: self.end - self.start,
            expected: expected.into(),
            found: self.kind.name(),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_REPEATED_CHARS) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", &text[..cut]),
    }
}

/// The words of a text, with an [`Kind::End`] behind the last.
pub(super) fn tokens(text: &str, most_chars: usize) -> Result<Vec<Token>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    if most_chars < chars.len() {
        return Err(FilterError {
            column: most_chars + 1,
            length: chars.len() - most_chars,
            expected: format!("at most {most_chars} characters"),
            found: chars.len().to_string(),
        });
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        let (kind, end) = match first {
            _ if first.is_whitespace() => {
                at += 1;
                continue;
            }
            '\'' => quoted(&chars, at)?,
            _ if continues(&chars[at..=at]) => {
                let length = (1..=chars.len() - at)
                    .take_while(|length| continues(&chars[at..at + length]))
                    .last()
                    .unwrap_or(1);
                let word = chars[at..at + length].iter().collect();
                (Kind::Word(word), at + length)
            }
            sign => (Kind::Sign(sign), at + 1),
        };
        tokens.push(Token {
            kind,
            start: at,
            end,
        });
        at = end;
    }
    tokens.push(Token {
        kind: Kind::End,
        start: chars.len(),
        end: chars.len(),
    });
    Ok(tokens)
}

/// Whether the last of some characters belongs to the word that they begin.
fn continues(word: &[char]) -> bool {
    match word {
        [.., last] if last.is_ascii_alphanumeric() || "_-.".contains(*last) => true,
        // The sign of an exponent, which is part of a number only.
        [first, .., 'e' | 'E', '+'] => first.is_ascii_digit() || *first == '-',
        _ => false,
    }
}

/// A text from its opening quote; two quotes stand for one within it.
fn quoted(chars: &[char], start: usize) -> Result<(Kind, usize), FilterError> {
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match (chars.get(at), chars.get(at + 1)) {
            (Some('\''), Some('\'')) => {
                text.push('\'');
                at += 2;
            }
            (Some('\''), _) => return Ok((Kind::Text(text), at + 1)),
            (Some(other), _) => {
                text.push(*other);
                at += 1;
            }
            (None, _) => {
                return Err(FilterError {
                    column: start + 1,
                    length: chars.len() - start,
                    expected: "a text with a quote at its end".to_owned(),
                    found: "the end before the closing `'`".to_owned(),
                });
            }
        }
    }
}
