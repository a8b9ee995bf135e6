//! What a user is there to do, beside what its participant may.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duty of a user: what it may send of all that its participant may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Acts of the venue, the registry and the authority, and the participant's own users.
    Operator,
    /// Orders, listings, blocks and bids.
    Trader,
    /// Cash, transfers, pledges, surrender.
    Custodian,
    /// Confirms payments.
    Clearing,
    /// Halts, freezes, blocks, cases.
    Supervisor,
    /// Reads the log and its proofs; sends nothing.
    Auditor,
}

impl Duty {
    /// Every duty, in the order of its bit.
    pub const ALL: [Self; 6] =
        [Self::Operator, Self::Trader, Self::Custodian, Self::Clearing, Self::Supervisor, Self::Auditor];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Trader => "trader",
            Self::Custodian => "custodian",
            Self::Clearing => "clearing",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of duties. Written as the list of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duties(u8);

impl Duties {
    /// No duty.
    pub const NONE: Self = Self(0);
    /// Every duty.
    pub const ALL: Self = Self::of(&Duty::ALL);

    /// The set of some duties.
    #[must_use]
    pub const fn of(duties: &[Duty]) -> Self {
        let (mut bits, mut next) = (0, 0);
        while next < duties.len() {
            bits |= duties[next].bit();
            next += 1;
        }
        Self(bits)
    }

    /// Whether a duty is among them.
    #[must_use]
    pub const fn has(self, duty: Duty) -> bool {
        self.0 & duty.bit() != 0
    }

    /// Whether the two have a duty in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every one of these is among those.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What the two have in common.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either has.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The duties, in the order of [`Duty::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Duty> {
        Duty::ALL.into_iter().filter(move |duty| self.has(*duty))
    }
}

impl FromIterator<Duty> for Duties {
    fn from_iter<T: IntoIterator<Item = Duty>>(duties: T) -> Self {
        duties.into_iter().fold(Self::NONE, |all, duty| all.or(Self::of(&[duty])))
    }
}

impl Serialize for Duties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Duties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Duty>::deserialize(deserializer)?;
        let set: Self = list.iter().copied().collect();
        if set.iter().count() == list.len() {
            Ok(set)
        } else {
            Err(de::Error::custom("a duty is named twice"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duty_has_its_own_bit() {
        assert_eq!(Duties::ALL.iter().collect::<Vec<_>>(), Duty::ALL);
        for duty in Duty::ALL {
            let one = Duties::of(&[duty]);
            assert_eq!(one.iter().collect::<Vec<_>>(), [duty]);
            assert!(one.has(duty) && one.is_within(Duties::ALL) && one.meets(Duties::ALL));
            assert!(!one.is_within(Duties::NONE) && !one.meets(Duties::NONE) && !one.is_empty());
        }
        let two = Duties::of(&[Duty::Trader, Duty::Auditor]);
        assert_eq!(two.and(Duties::of(&[Duty::Trader])), Duties::of(&[Duty::Trader]));
        assert_eq!(Duties::NONE.or(two), two);
    }
}
