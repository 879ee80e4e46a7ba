//! How many decisions there were over time, and how many of them change: in pieces whose number is bounded.

use std::collections::BTreeMap;

use serde::Serialize;

/// The most pieces. When there are more, two become one.
const MOST: usize = 720;
/// The shortest piece, in seconds.
const SHORTEST: u64 = 60;

/// Decisions over time.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The length of a piece in seconds.
    length: u64,
    /// By the number of the piece since 1970.
    pieces: BTreeMap<u64, [u64; 2]>,
}

/// A piece of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Piece {
    /// Its begin, in seconds since 1970-01-01 UTC.
    pub begin: u64,
    /// Its length in seconds.
    pub seconds: u64,
    /// The decisions that were compared.
    pub compared: u64,
    /// How many of them change.
    pub changed: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { length: SHORTEST, pieces: BTreeMap::new() }
    }
}

impl Timeline {
    /// Notes a decision at a time in seconds since 1970.
    pub(crate) fn note(&mut self, second: u64, is_changed: bool) {
        self.add(second / self.length, [1, u64::from(is_changed)]);
    }

    fn add(&mut self, piece: u64, more: [u64; 2]) {
        let counts = self.pieces.entry(piece).or_default();
        counts[0] += more[0];
        counts[1] += more[1];
        while self.pieces.len() > MOST {
            self.join();
        }
    }

    /// Makes pieces of twice the length.
    fn join(&mut self) {
        self.length *= 2;
        for (piece, counts) in std::mem::take(&mut self.pieces) {
            let joined = self.pieces.entry(piece / 2).or_default();
            joined[0] += counts[0];
            joined[1] += counts[1];
        }
    }

    /// Adds the decisions of another thread.
    pub(crate) fn merge(&mut self, mut other: Self) {
        while self.length < other.length {
            self.join();
        }
        while other.length < self.length {
            other.join();
        }
        for (piece, counts) in other.pieces {
            // Adding may have joined the pieces here.
            let times = self.length / other.length;
            self.add(piece / times, counts);
        }
    }

    /// The pieces that had decisions, the earliest first.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let piece = |(&number, &[compared, changed]): (&u64, &[u64; 2])| Piece {
            begin: number * self.length,
            seconds: self.length,
            compared,
            changed,
        };
        self.pieces.iter().map(piece).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_pieces_is_bounded_and_no_decision_is_lost() {
        let (mut one, mut other) = (Timeline::default(), Timeline::default());
        for minute in 0..5_000 {
            one.note(minute * 60, minute % 10 == 0);
            other.note((minute * 60) + 10_000_000, false);
        }
        one.merge(other);
        let pieces = one.pieces();
        assert!(pieces.len() <= MOST, "{}", pieces.len());
        assert_eq!(pieces.iter().map(|piece| piece.compared).sum::<u64>(), 10_000);
        assert_eq!(pieces.iter().map(|piece| piece.changed).sum::<u64>(), 500);
        assert!(pieces.windows(2).all(|two| two[0].begin + two[0].seconds <= two[1].begin));
    }

    #[test]
    fn a_minute_is_a_piece_where_there_are_few() {
        let mut timeline = Timeline::default();
        timeline.note(120, true);
        timeline.note(179, false);
        timeline.note(180, false);
        let minute = |begin, compared, changed| Piece { begin, seconds: 60, compared, changed };
        assert_eq!(timeline.pieces(), [minute(120, 2, 1), minute(180, 1, 0)]);
    }
}
