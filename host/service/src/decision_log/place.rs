//! Where a list of logged decisions goes on, as clients get it. A position counts the decisions of everybody, so it is
//! sealed: a tenant does not learn from it how many there are.

use callsign_log::Position;

/// What seals places: a key of this process. After a restart a list begins again.
pub(crate) struct PlaceSeal([u8; 32]);

/// How many bytes the check of a place has.
const CHECK: usize = 8;

impl PlaceSeal {
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// The place of a position, as 48 hexadecimal digits.
    pub(crate) fn seal(&self, position: Position) -> String {
        let [segment, record] = [position.segment, position.record].map(u64::to_be_bytes);
        let check = self.hash(&[&segment[..], &record].concat());
        let mut bytes = check[..CHECK].to_vec();
        // The check is different for each position, and so is what hides it.
        let mask = self.hash(&check[..CHECK]);
        bytes.extend(segment.iter().chain(&record).zip(mask).map(|(byte, mask)| byte ^ mask));
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The position of a place; `None` if it is not one of this process.
    pub(crate) fn open(&self, place: &str) -> Option<Position> {
        let digits = place.as_bytes();
        if digits.len() != 2 * (CHECK + 16) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map_while(|at| u8::from_str_radix(place.get(at..at + 2)?, 16).ok()).collect();
        let (check, hidden) = bytes.split_at_checked(CHECK)?;
        let position: Vec<u8> = hidden.iter().zip(self.hash(check)).map(|(byte, mask)| byte ^ mask).collect();
        let (segment, record) = (position.get(..8)?.try_into().ok()?, position.get(8..)?.try_into().ok()?);
        let is_own = self.hash(&position)[..CHECK] == *check;
        is_own.then(|| Position { segment: u64::from_be_bytes(segment), record: u64::from_be_bytes(record) })
    }

    fn hash(&self, bytes: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, bytes).as_bytes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_opened_by_the_process_that_gave_it_and_says_nothing_to_others() {
        let (one, other) = (PlaceSeal::new().unwrap(), PlaceSeal::new().unwrap());
        let mut seen = Vec::new();
        for (segment, record) in [(1, 0), (1, 1), (42, 1_234), (u64::MAX, u64::MAX)] {
            let position = Position { segment, record };
            let place = one.seal(position);
            assert_eq!(one.open(&place), Some(position));
            assert_eq!(one.open(&place.to_uppercase()), Some(position));
            assert_eq!(other.open(&place), None);
            let mut changed = place.clone().into_bytes();
            changed[40] = if changed[40] == b'0' { b'1' } else { b'0' };
            assert_eq!(one.open(str::from_utf8(&changed).unwrap()), None);
            seen.push(place);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        for wrong in ["", "42-1234", &"x".repeat(48), &"é".repeat(24)] {
            assert_eq!(one.open(wrong), None, "{wrong}");
        }
    }
}
