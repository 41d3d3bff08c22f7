//! The known word that somebody probably meant.

/// The known word that takes the fewest edits, if those are few; letter case does not count.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // More would make a suggestion of any short word, or cost time on a long one.
    const MOST_EDITS: usize = 3;
    known
        .iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= MOST_EDITS)
        .map(|candidate| (edits(word, candidate), *candidate))
        .filter(|(edits, candidate)| *edits <= MOST_EDITS.min(candidate.len() / 2))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements between two words (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_distant_one_is_not() {
        let check = |word: &str, expected: Option<&str>| {
            let known = ["title_ids", "sandboxes", "pfn"];
            assert_eq!(nearest(word, &known), expected, "{word}");
        };
        check("title_id", Some("title_ids"));
        check("titleIds", Some("title_ids"));
        check("SANDBOX", Some("sandboxes"));
        check("pnf", None);
        check("pfm", Some("pfn"));
        check("colour", None);
        check("", None);
        check(&"s".repeat(100_000), None);
    }
}
