//! The spread on its own: shares by weight, and who moves when the set changes.

use super::*;

const RECIPIENTS: u64 = 100_000;

type Set = Vec<(u64, u16, u32)>;

/// A set of senders with these weights.
fn set(weights: impl IntoIterator<Item = u16>) -> Set {
    (0..).zip(weights).map(|(value, weight)| (mix(u64::from(value) + 1), weight, value)).collect()
}

fn recipients(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|index| mix(index ^ 0x5eed_5eed))
}

/// The sender of each recipient.
fn spread(set: &Set, count: u64) -> Vec<u32> {
    let spread = Spread::new(set.iter().copied());
    recipients(count).map(|recipient| spread.choose(recipient).expect("a set that is not empty")).collect()
}

fn total(set: &Set) -> f64 {
    set.iter().map(|&(_, weight, _)| f64::from(weight)).sum()
}

/// Pearson's chi-square of a spread, over groups of senders with an expectation of at least 20, as how many standard
/// deviations it is above what chance gives (Wilson and Hilferty, 1931).
fn deviation(set: &Set, count: u64) -> f64 {
    let mut counts = vec![0u64; set.len()];
    for sender in spread(set, count) {
        counts[sender as usize] += 1;
    }
    let unit = count as f64 / total(set);
    let (mut square, mut groups, mut expected, mut seen) = (0.0, 0, 0.0, 0.0);
    for (index, &(_, weight, _)) in set.iter().enumerate() {
        expected += f64::from(weight) * unit;
        seen += counts[index] as f64;
        if expected >= 20.0 {
            square += (seen - expected) * (seen - expected) / expected;
            groups += 1;
            (expected, seen) = (0.0, 0.0);
        }
    }
    let freedom = f64::from(groups - 1);
    ((square / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt()
}

#[test]
fn log4_is_the_logarithm_to_base_4() {
    for value in [1u64, 2, 3, 4, 7, 16, 1000, 800_000, 1 << 40] {
        let expected = (value as f64).ln() / 4f64.ln();
        let got = log4(value) as f64 / (1u64 << FRACTION) as f64;
        assert!((expected - got).abs() < 1e-8, "log4({value}) = {got}, expected {expected}");
    }
}

#[test]
fn every_member_has_slots_by_its_weight_in_each_layout() {
    let mixed = |n: u32| set((0..n).map(|index| [1, 3, 10, 250, 1000][index as usize % 5]));
    let sets = [2u32, 3, 10, 64, 1000, 5000].into_iter().flat_map(|n| [set((0..n).map(|_| 1)), mixed(n)]);
    for set in sets.chain([mixed(100_000)]) {
        let spread = Spread::new(set.iter().copied());
        for layout in &spread.layouts {
            let mut units = vec![0u64; set.len()];
            for (rank, &member) in layout.members.iter().enumerate() {
                units[member as usize] += layout.units.get(rank).map_or(1, |&units| u64::from(units));
            }
            let each = units[0] / u64::from(set[0].1);
            assert!(each > 0);
            for (units, (_, weight, _)) in units.into_iter().zip(&set) {
                assert_eq!(units, u64::from(*weight) * each, "{} members", set.len());
            }
            let full: usize = layout.words.iter().map(|word| word.full.count_ones() as usize).sum();
            assert_eq!(full, layout.members.len());
        }
    }
}

#[test]
fn recipients_are_spread_in_proportion_to_the_weights() {
    let even = |count: u16| vec![1; usize::from(count)];
    let cases = [
        ("1:1", vec![1, 1]),
        ("1:3", vec![1, 3]),
        ("1:1,000", vec![1, 1000]),
        ("10:10:10:10:11", vec![10, 10, 10, 10, 11]),
        ("10 alike", even(10)),
        ("1,000 alike", even(1000)),
        ("mixed 1 to 1,000", (0..50).map(|index| 1 + index * 20).collect()),
        ("1,000 of 1 to 1,000", (1..=1000).collect()),
        ("3,000 of 1 to 1,000", (0..3000).map(|index| 1 + index % 1000).collect()),
        ("one of 1,000 beside 20,000 of 1", std::iter::once(1000).chain((0..20_000).map(|_| 1)).collect()),
    ];
    for (name, weights) in cases {
        let deviation = deviation(&set(weights), RECIPIENTS);
        println!("{name}: chi-square is {deviation:.2} standard deviations from its expectation");
        assert!(deviation.abs() < 3.5, "{name}: {deviation}");
    }
}

/// The share of the recipients that move between two sets, as a multiple of the share that senders gain or lose.
fn moved(name: &str, before: &Set, after: &Set) -> f64 {
    let (total_before, total_after) = (total(before), total(after));
    // Half of all differences of shares: what some lose is what others gain.
    let share = |set: &Set, total: f64, key: u64| {
        set.iter().find(|member| member.0 == key).map_or(0.0, |&(_, weight, _)| f64::from(weight) / total)
    };
    let mut keys: Vec<u64> = before.iter().chain(after).map(|member| member.0).collect();
    keys.sort_unstable();
    keys.dedup();
    let least: f64 = if keys.len() > 5_000 {
        // The others' shares change by their total alone.
        (total_before - total_after).abs() / total_before.max(total_after)
    } else {
        keys.iter().map(|&key| (share(before, total_before, key) - share(after, total_after, key)).abs()).sum::<f64>()
            / 2.0
    };
    let count = RECIPIENTS.max((400.0 / least) as u64).min(4_000_000);
    let changed = spread(before, count).iter().zip(spread(after, count)).filter(|(a, b)| **a != *b).count();
    let ratio = changed as f64 / count as f64 / least;
    println!("{name}: {:.4} % move, {ratio:.2} times the least", 100.0 * changed as f64 / count as f64);
    ratio
}

#[test]
fn a_sender_that_comes_goes_or_changes_its_weight_moves_at_most_about_twice_its_share() {
    let with = |mut set: Set, index: usize, weight: u16| {
        set[index].1 = weight;
        set
    };
    let without = |mut set: Set, index: usize| {
        set.remove(index);
        set
    };
    let mut ratios = Vec::new();
    for n in [2u16, 5, 10, 30, 100, 500, 2000] {
        let even = set(vec![1; usize::from(n)]);
        ratios.push(moved(&format!("one of {n} alike goes"), &even, &without(even.clone(), 1)));
        ratios.push(moved(&format!("one of {n} alike gets weight 2"), &even, &with(even.clone(), 1, 2)));
        let tens = set(vec![10; usize::from(n)]);
        ratios.push(moved(&format!("one of {n} of weight 10 goes"), &tens, &without(tens.clone(), 1)));
        ratios.push(moved(&format!("one of {n} of weight 10 gets 11"), &tens, &with(tens.clone(), 1, 11)));
        ratios.push(moved(&format!("one of {n} of weight 10 gets 9"), &tens, &with(tens.clone(), 1, 9)));
        let hundreds = set(vec![100; usize::from(n)]);
        ratios.push(moved(
            &format!("one of {n} of weight 100 gets 1,000"),
            &hundreds,
            &with(hundreds.clone(), 1, 1000),
        ));
    }
    let mixed: Set = set((0..3000).map(|index| 1 + index % 1000));
    let average = |ratios: &[f64]| ratios.iter().sum::<f64>() / ratios.len() as f64;
    for (index, weight) in [(999, 500), (499, 1000), (0, 1000), (2999, 990)] {
        let name = format!("3,000 mixed: weight {} becomes {weight}", mixed[index].1);
        ratios.push(moved(&name, &mixed, &with(mixed.clone(), index, weight)));
    }
    ratios.push(moved("3,000 mixed: one of weight 1,000 goes", &mixed, &without(mixed.clone(), 999)));
    let large = set((0..20_000).map(|index| 1 + index % 1000));
    ratios.push(moved("20,000 mixed: one of weight 1,000 goes", &large, &without(large.clone(), 999)));
    println!("on average {:.2} times", average(&ratios));
    assert!(average(&ratios) < 2.0);
    assert!(ratios.iter().all(|&ratio| ratio < 2.2), "{ratios:?}");
}

#[test]
fn a_recipient_keeps_its_sender_whatever_the_order_of_the_set() {
    let set = set((0..200).map(|index| 1 + index % 7));
    let reversed: Set = set.iter().rev().copied().collect();
    assert_eq!(spread(&set, 10_000), spread(&reversed, 10_000));
}

#[test]
fn no_sender_and_one_sender_need_no_layout() {
    assert_eq!(Spread::new([]).choose(7), None);
    assert!(Spread::new([]).is_empty());
    let one = Spread::new([(1, 1000, 9)]);
    assert_eq!((one.len(), one.choose(7)), (1, Some(9)));
    assert!(one.layouts.iter().all(|layout| layout.words.is_empty()));
}

#[test]
fn weights_that_are_none_count_as_the_nearest_that_is_one() {
    assert_eq!(spread(&set([0, 5000]), 1000), spread(&set([1, 1000]), 1000));
}

#[test]
fn a_layout_is_bounded_whatever_the_weights() {
    let bytes = |set: &Set| Spread::new(set.iter().copied()).memory();
    for (name, set) in [
        ("100,000 of weight 1", set((0..100_000).map(|_| 1))),
        ("100,000 of weight 1,000", set((0..100_000).map(|_| 1000))),
        ("100,000 of 1 to 1,000", set((0..100_000).map(|index| 1 + (index % 1000) as u16))),
        ("500 of weight 1,000", set((0..500).map(|_| 1000))),
    ] {
        let bytes = bytes(&set);
        println!("{name}: {bytes} bytes");
        assert!(bytes < 8 << 20, "{name}: {bytes} bytes");
    }
}
