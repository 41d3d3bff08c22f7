//! Reading a filter: words to conditions, each checked as it is read.

use jiff::Timestamp;

use super::error::FilterError;
use super::field::{NumberField, Place};
use super::lex::{Kind, Token, tokens};
use super::resolve::{Segment, resolve};
use super::{Case, Filter, Op, Presence, Term};
use crate::limits::{MAX_FILTER_CHARS, MAX_FILTER_DEPTH, MAX_FILTER_TERMS};

/// Reads a filter (3.1).
pub(super) fn filter(text: &str) -> Result<Filter, FilterError> {
    let tokens = tokens(text, MAX_FILTER_CHARS)?;
    let mut parser = Parser::new(without_parentheses(&tokens));
    let mut alternatives = vec![parser.conjunction()?];
    if parser.keyword("or") {
        alternatives.push(parser.conjunction()?);
    }
    let rest = parser.peek();
    if parser.is_at_end() {
        return Ok(Filter { alternatives });
    }
    Err(rest.unexpected(match alternatives.len() {
        1 => "`and`, `or` or the end",
        _ if rest.is("or") => "`and` or the end, for there is one `or` at most",
        _ => "`and` or the end",
    }))
}

/// The words without parentheses around them all, in which an `or` may stand.
fn without_parentheses(tokens: &[Token]) -> &[Token] {
    let mut rest = tokens;
    while let [
        Token {
            kind: Kind::Sign('('),
            ..
        },
        inner @ ..,
    ] = rest
    {
        let mut depth = 1_usize;
        let closing = inner.iter().position(|token| {
            match token.kind {
                Kind::Sign('(') => depth += 1,
                Kind::Sign(')') => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        // The last word but `End`, or whatever ended the words of the parentheses further out.
        match closing {
            Some(closing) if closing + 2 == inner.len() => rest = &inner[..=closing],
            _ => break,
        }
    }
    rest
}

/// The words of a text that are still to be read. The last one is never read.
pub(super) struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    terms: usize,
    depth: usize,
}

impl Token {
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: &'a [Token]) -> Self {
        Self {
            tokens,
            next: 0,
            terms: 0,
            depth: 0,
        }
    }

    pub(super) fn peek(&self) -> &'a Token {
        &self.tokens[self.next]
    }

    fn is_at_end(&self) -> bool {
        self.next + 1 == self.tokens.len()
    }

    fn behind(&self) -> &'a Token {
        &self.tokens[(self.next + 1).min(self.tokens.len() - 1)]
    }

    fn read(&mut self) -> &'a Token {
        let token = self.peek();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek().is(keyword);
        if found {
            self.read();
        }
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek().kind == Kind::Sign(sign);
        if found {
            self.read();
        }
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), FilterError> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(self.peek().unexpected(format!("`{sign}`")))
    }

    /// Conditions between `and`. Parentheses group nothing but these, so they make no difference.
    fn conjunction(&mut self) -> Result<Vec<Term>, FilterError> {
        let mut terms = Vec::new();
        loop {
            self.term(&mut terms)?;
            if !self.keyword("and") {
                return Ok(terms);
            }
        }
    }

    fn term(&mut self, terms: &mut Vec<Term>) -> Result<(), FilterError> {
        let first = self.peek();
        match &first.kind {
            Kind::Sign('(') => self.group(terms),
            Kind::Word(_) => {
                self.terms += 1;
                if MAX_FILTER_TERMS < self.terms {
                    return Err(first.unexpected(format!("at most {MAX_FILTER_TERMS} conditions")));
                }
                terms.push(self.condition()?);
                Ok(())
            }
            _ => Err(first.unexpected("a path, `tolower(` or `(`")),
        }
    }

    fn group(&mut self, terms: &mut Vec<Term>) -> Result<(), FilterError> {
        let opening = self.read();
        self.depth += 1;
        if MAX_FILTER_DEPTH < self.depth {
            let expected = format!("at most {MAX_FILTER_DEPTH} parentheses within each other");
            return Err(opening.unexpected(expected));
        }
        terms.extend(self.conjunction()?);
        let end = self.peek();
        if end.is("or") {
            return Err(end.unexpected("`and` or `)`: `or` stands outside of parentheses"));
        }
        if !self.sign(')') {
            return Err(end.unexpected("`and` or `)`"));
        }
        self.depth -= 1;
        Ok(())
    }

    fn condition(&mut self) -> Result<Term, FilterError> {
        let first = self.peek();
        let lowers = self.function()?;
        let path = self.path()?;
        let place = resolve(&path, self.peek())?;
        if lowers {
            if !matches!(place, Place::Text(_)) {
                let expected = format!(
                    "a text, for `tolower` makes nothing of {}",
                    place.type_name()
                );
                return Err(path[0].token.unexpected(expected));
            }
            self.expect(')')?;
        } else if self.sign('/') {
            return self.any(&place, first);
        }
        self.comparison(place)
    }

    /// Whether `tolower(` comes next; no other function exists.
    fn function(&mut self) -> Result<bool, FilterError> {
        let (first, behind) = (self.peek(), self.behind());
        if behind.kind != Kind::Sign('(') || !matches!(first.kind, Kind::Word(_)) {
            return Ok(false);
        }
        if !first.is("tolower") {
            return Err(first.unexpected("a path, or the only function there is, `tolower`"));
        }
        self.read();
        self.read();
        Ok(true)
    }

    /// Segments between `/`, up to an `/any(` that stays unread from its `/`.
    pub(super) fn path(&mut self) -> Result<Vec<Segment>, FilterError> {
        let mut path = Vec::new();
        loop {
            let token = self.read();
            let Kind::Word(name) = &token.kind else {
                return Err(token.unexpected("a name"));
            };
            path.push(Segment {
                name: name.clone(),
                token: token.clone(),
            });
            if self.peek().kind != Kind::Sign('/') {
                return Ok(path);
            }
            let beyond = &self.tokens[self.next + 1..];
            if let [
                any,
                Token {
                    kind: Kind::Sign('('),
                    ..
                },
                ..,
            ] = beyond
                && any.is("any")
            {
                return Ok(path);
            }
            self.read();
        }
    }

    /// `any(d:tolower(d) eq 'text')`, perhaps with `eq true` and the like.
    fn any(&mut self, place: &Place, path: &Token) -> Result<Term, FilterError> {
        let Place::Set(set) = *place else {
            let expected = format!("a collection before `any`, and not {}", place.type_name());
            return Err(path.unexpected(expected));
        };
        self.read();
        self.expect('(')?;
        let variable = self.read();
        let name = match &variable.kind {
            Kind::Word(name) if name.bytes().all(|b| b.is_ascii_alphabetic()) => name.clone(),
            _ => return Err(variable.unexpected("a variable, such as `d`")),
        };
        self.expect(':')?;
        let lowers = self.function()?;
        let again = self.read();
        if !again.is(&name) {
            return Err(again.unexpected(format!("the variable `{name}`")));
        }
        if lowers {
            self.expect(')')?;
        }
        let equal = self.equality("a collection")?;
        let value = self.text()?;
        self.expect(')')?;
        let tested = if self.peek().is("eq") || self.peek().is("ne") {
            self.equality("a collection")? == self.truth()?
        } else {
            true
        };
        Ok(Term::Set {
            set,
            case: if lowers || set.is_lowered() {
                Case::Lowered
            } else {
                Case::Exact
            },
            value,
            presence: if equal == tested {
                Presence::Has
            } else {
                Presence::Lacks
            },
        })
    }

    fn comparison(&mut self, place: Place) -> Result<Term, FilterError> {
        match place {
            Place::Set(_) => Err(self.peek().unexpected("`/any(`, for this is a collection")),
            Place::Closed => {
                let equal = self.equality("true or false")?;
                Ok(Term::Closed(equal == self.truth()?))
            }
            Place::Text(field) => {
                let op = self.op()?;
                let text = self.text()?;
                let anyhow = field.ignores_case();
                let value = if anyhow { text.to_lowercase() } else { text };
                Ok(Term::Text { field, op, value })
            }
            Place::Number(field) => Ok(Term::Number {
                op: self.op()?,
                value: self.number(&field)?,
                field,
            }),
            Place::Time(field) => Ok(Term::Time {
                field,
                op: self.op()?,
                value: self.time()?,
            }),
        }
    }

    fn op(&mut self) -> Result<Op, FilterError> {
        let token = self.read();
        let ops = [
            ("eq", Op::Eq),
            ("ne", Op::Ne),
            ("gt", Op::Gt),
            ("ge", Op::Ge),
            ("lt", Op::Lt),
            ("le", Op::Le),
        ];
        let found = ops.into_iter().find(|(word, _)| token.is(word));
        let unexpected = || token.unexpected("`eq`, `ne`, `gt`, `ge`, `lt` or `le`");
        found.map(|(_, op)| op).ok_or_else(unexpected)
    }

    /// Whether `eq` is next, and not `ne`.
    fn equality(&mut self, of: &str) -> Result<bool, FilterError> {
        let token = self.read();
        match (token.is("eq"), token.is("ne")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(token.unexpected(format!("`eq` or `ne`, as for {of}"))),
        }
    }

    fn truth(&mut self) -> Result<bool, FilterError> {
        let token = self.read();
        match (token.is("true"), token.is("false")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(token.unexpected("`true` or `false`")),
        }
    }

    fn text(&mut self) -> Result<String, FilterError> {
        let token = self.read();
        match &token.kind {
            Kind::Text(text) => Ok(text.clone()),
            _ => Err(token.unexpected("a text in single quotes")),
        }
    }

    fn number(&mut self, field: &NumberField) -> Result<f64, FilterError> {
        let token = self.read();
        let text = match &token.kind {
            Kind::Word(word) => word,
            // The ids of titles are texts elsewhere, so both are taken. `[wild]`
            Kind::Text(text) if *field == NumberField::TitleId => text,
            _ => return Err(token.unexpected("a number")),
        };
        number(text).ok_or_else(|| token.unexpected("a number"))
    }

    fn time(&mut self) -> Result<Timestamp, FilterError> {
        let token = self.read();
        let expected = "a time in single quotes, such as '2030-01-01T18:00:00Z'";
        match &token.kind {
            Kind::Text(text) => text.parse().map_err(|_| token.unexpected(expected)),
            _ => Err(token.unexpected(expected)),
        }
    }
}

/// `["-"] 1*DIGIT ["." 1*DIGIT] [("e"/"E") ["-"/"+"] 1*DIGIT]`, if it is finite.
fn number(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let well_formed = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    let exponent = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    let number: f64 = text.parse().ok().filter(|_| well_formed && exponent)?;
    number.is_finite().then_some(number)
}
