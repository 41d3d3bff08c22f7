//! Filters as text. What is printed is read as the same filter.

use std::fmt;

use super::field::{NumberField, RoleNumber, Set, TextField, TimeField};
use super::{Case, Direction, Filter, Op, OrderBy, OrderKey, Presence, Term};

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, terms) in self.alternatives.iter().enumerate() {
            if index != 0 {
                f.write_str(" or ")?;
            }
            for (index, term) in terms.iter().enumerate() {
                if index != 0 {
                    f.write_str(" and ")?;
                }
                term.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set {
                set,
                case,
                value,
                presence,
            } => {
                let element = match case {
                    Case::Exact => "d",
                    Case::Lowered => "tolower(d)",
                };
                let op = match presence {
                    Presence::Has => Op::Eq,
                    Presence::Lacks => Op::Ne,
                };
                write!(f, "{set}/any(d:{element} {op} {})", Quoted(value))
            }
            Self::Text { field, op, value } => {
                write!(f, "tolower({field}) {op} {}", Quoted(value))
            }
            Self::Number { field, op, value } => {
                write!(f, "{field} {op} ")?;
                number(*value, f)
            }
            Self::Time { field, op, value } => write!(f, "{field} {op} '{value}'"),
            Self::Closed(value) => write!(f, "session/closed eq {value}"),
        }
    }
}

/// Many digits are written with an exponent, so that what is printed stays short.
fn number(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let plain = value == 0.0 || (1e-5..1e15).contains(&value.abs());
    if plain {
        write!(f, "{value}")
    } else {
        write!(f, "{value:e}")
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        })
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tags => "tags",
            Self::AchievementIds => "achievementIds",
            Self::MemberXuids => "session/memberXuids",
            Self::OwnerXuids => "session/ownerXuids",
            Self::Keywords => "session/keywords",
        })
    }
}

impl fmt::Display for TextField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute(name) => return write!(f, "strings/{name}"),
            Self::Language => "language",
            Self::Scid => "session/scid",
            Self::TemplateName => "session/templateName",
            Self::Name => "session/name",
            Self::RegistrationState => "session/registrationState",
            Self::Visibility => "session/visibility",
            Self::JoinRestriction => "session/joinRestriction",
        })
    }
}

impl fmt::Display for NumberField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attribute(name) => return write!(f, "numbers/{name}"),
            Self::TitleId => "session/titleId",
            Self::MembersCount => "session/membersCount",
            Self::MaxMembersCount => "session/maxMembersCount",
            Self::TargetMembersCount => "session/targetMembersCount",
            Self::Needs => "session/needs",
            Self::MaxMembersCountRemaining => "session/maxMembersCountRemaining",
            Self::Role { kind, role, number } => {
                let number = match number {
                    RoleNumber::Count => "count",
                    RoleNumber::Target => "target",
                    RoleNumber::Max => "max",
                    RoleNumber::Needs => "needs",
                };
                return write!(f, "session/roles/{kind}/{role}/{number}");
            }
        })
    }
}

impl fmt::Display for TimeField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScheduledTime => "session/scheduledTime",
            Self::PostedTime => "session/postedTime",
        })
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            OrderKey::Text(field) => field.fmt(f)?,
            OrderKey::Number(field) => field.fmt(f)?,
            OrderKey::Time(field) => field.fmt(f)?,
            OrderKey::Closed => f.write_str("session/closed")?,
            OrderKey::SuggestedLfg => f.write_str("suggestedLfg")?,
        }
        f.write_str(match self.direction {
            Direction::Ascending => " asc",
            Direction::Descending => " desc",
        })
    }
}
