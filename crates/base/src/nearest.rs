//! Which of some known words a mistyped one was probably meant to be.

/// The known word that `word` was probably meant to be: at most two letters away, or three of a long one. None where it is
/// known as it stands, or nothing is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let far = if word.chars().count() > 8 { 3 } else { 2 };
    let near = known.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let (distance, best) = near.min()?;
    (distance > 0 && distance <= far && distance < best.len()).then_some(best)
}

/// How many letters must be added, dropped or changed to turn one word into the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for (&b, pair) in other.iter().zip(row.windows(2)) {
            let changed = pair.first().copied().unwrap_or(0) + usize::from(a != b);
            let added = next.last().copied().unwrap_or(0) + 1;
            let dropped = pair.last().copied().unwrap_or(0) + 1;
            next.push(changed.min(added).min(dropped));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, far) in
            [("band", "band", 0), ("bnad", "band", 2), ("", "band", 4), ("bands", "band", 1)]
        {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
        let known = ["source", "note", "secondary"];
        assert_eq!(nearest("sorce", known), Some("source"));
        assert_eq!(nearest("price", known), None);
        assert_eq!(nearest("note", known), None);
    }
}
