//! Step 8.

use std::collections::HashMap;

use callsign::{Channel, Gateway, Message};
use serde_json::json;

use callsign_tests::platform::{Platform, decide, sms};

fn platform(senders: impl Iterator<Item = usize>) -> Platform {
    let mut platform = Platform::new();
    let mut ids = Vec::new();
    for index in senders {
        ids.push(format!("S{index}"));
        platform = platform.long(&format!("S{index}"), &format!("+1212{:07}", 2_000_000 + index));
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    platform.associate("shop", &ids).strategy("A", "shop", json!({}))
}

/// The sender of each of 100,000 recipients.
fn spread(gateway: &Gateway) -> Vec<String> {
    let recipients: Vec<String> = (0..100_000).map(|index| format!("+1415{:07}", 2_000_000 + index)).collect();
    let messages: Vec<Message<'_>> =
        recipients.iter().map(|to| Message::new(Channel::Sms, to).application("shop")).collect();
    let decisions = gateway.resolve_batch(&messages);
    decisions.iter().map(|decision| decision.sender().expect("a sender").id.to_string()).collect()
}

#[test]
fn evenly_over_recipients() {
    for senders in [2usize, 7, 50, 1_000] {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for sender in spread(&platform(0..senders).gateway()) {
            *counts.entry(sender).or_default() += 1;
        }
        assert_eq!(counts.len(), senders, "every sender is used");
        let expected = 100_000.0 / senders as f64;
        let chi_square: f64 = counts.values().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        let freedom = (senders - 1) as f64;
        // Wilson and Hilferty's approximation: a standard normal, beyond 4 once in 30,000 evenly spread worlds.
        let z = ((chi_square / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt();
        println!("{senders} senders: chi-square {chi_square:.1} with {freedom} degrees of freedom, z {z:.2}");
        assert!(z < 4.0, "{senders} senders: chi-square {chi_square}");
    }
}

#[test]
fn adding_or_removing_one_of_n_senders_moves_at_most_2_of_n_of_the_recipients() {
    for senders in [2usize, 7, 50, 1_000] {
        let before = spread(&platform(0..senders).gateway());
        let added = spread(&platform(0..senders + 1).gateway());
        let removed = spread(&platform((0..senders).filter(|&index| index != senders / 2)).gateway());
        for (what, after) in [("added", added), ("removed", removed)] {
            let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            let share = moved as f64 / 100_000.0 * senders as f64;
            println!("{senders} senders, one {what}: {share:.2}/n moved");
            assert!(share <= 2.0, "{senders} senders, one {what}: {share}/n moved");
        }
    }
}

/// Chi-square of the recipients of each sender, as a standard normal (Wilson and Hilferty's approximation).
fn normal(spread: &[String], weights: &[u32]) -> f64 {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for sender in spread {
        *counts.entry(sender).or_default() += 1;
    }
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let term = |(index, weight): (usize, &u32)| {
        let expected = spread.len() as f64 * f64::from(*weight) / total;
        let count = counts.get(&*format!("S{index}")).copied().unwrap_or_default();
        (f64::from(count) - expected).powi(2) / expected
    };
    let chi_square: f64 = weights.iter().enumerate().map(term).sum();
    let freedom = (weights.len() - 1) as f64;
    ((chi_square / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt()
}

fn weighted(weights: &[u32]) -> Platform {
    let platform = platform(0..weights.len());
    weights
        .iter()
        .enumerate()
        .fold(platform, |platform, (index, &weight)| platform.weighted(&format!("S{index}"), weight))
}

#[test]
fn in_proportion_to_the_weights_of_the_senders() {
    let mixed: Vec<u32> = (0..40).map(|index| [1, 2, 3, 10, 100][index % 5]).collect();
    for weights in [&[1, 1][..], &[1, 3], &[1, 1_000], &[3, 1, 1_000], &[7, 7, 7], &mixed] {
        let z = normal(&spread(&weighted(weights).gateway()), weights);
        println!("{weights:?}: z {z:.2}");
        assert!(z < 4.0, "{weights:?}: z {z}");
    }
}

#[test]
fn evenly_where_all_weights_are_alike_whatever_they_are() {
    let (ones, sevens) = (weighted(&[1; 7]), weighted(&[7; 7]));
    for platform in [&ones, &sevens] {
        assert!(normal(&spread(&platform.gateway()), &[1; 7]) < 4.0);
    }
}

#[test]
fn re_weighting_one_sender_moves_at_most_twice_the_share_that_it_gains_or_loses() {
    for (before, after) in [(1, 2), (2, 1), (1, 10), (10, 1), (500, 1_000), (1, 1_000)] {
        for others in [1, 6, 49] {
            let with = |weight: u32| {
                let weights: Vec<u32> = std::iter::once(weight).chain(std::iter::repeat_n(before, others)).collect();
                let share = f64::from(weight) / weights.iter().copied().map(f64::from).sum::<f64>();
                (spread(&weighted(&weights).gateway()), share)
            };
            let ((one, share_before), (other, share_after)) = (with(before), with(after));
            let moved = one.iter().zip(&other).filter(|(one, other)| one != other).count() as f64 / 100_000.0;
            let gained = (share_after - share_before).abs();
            println!("{before} to {after} among {others} of {before}: {:.2} of its share moved", moved / gained);
            // "About": a hundredth of the recipients, and no more.
            assert!(moved <= 2.0 * gained + 0.01, "{before} to {after} among {others}: {moved} moved for {gained}");
        }
    }
}

#[test]
fn the_same_application_recipient_and_remaining_set_always_gives_the_same_sender() {
    let (one, other) = (platform(0..50).gateway(), platform((0..50).rev()).gateway());
    assert_eq!(spread(&one), spread(&other), "in another process, with the catalog in another order");
}

#[test]
fn the_remaining_set_counts_not_how_it_came_to_remain() {
    let plain = platform(0..20);
    let narrowed = platform(0..20).typed("SHORT", "24242", "SHORT_CODE").associate("shop/acme", &["SHORT"]).strategy(
        "B",
        "shop/acme",
        json!({"priorities": [{"senderType": "VIRTUAL_LONG_NUMBER", "priority": 1}]}),
    );
    let narrowed = (0..20).fold(narrowed, |platform, index| platform.associate("shop/acme", &[&format!("S{index}")]));
    let (plain, narrowed) = (plain.gateway(), narrowed.gateway());
    for index in 0..200 {
        let to = format!("+1415555{index:04}");
        assert_eq!(decide(&plain, &sms("shop", &to)), decide(&narrowed, &sms("shop/acme", &to)));
    }
}

#[test]
fn recipients_of_two_applications_are_spread_apart() {
    let both = (0..20).fold(platform(0..20), |platform, index| platform.associate("care", &[&format!("S{index}")]));
    let gateway = both.strategy("B", "care", json!({})).gateway();
    let same = (0..400).filter(|index| {
        let to = format!("+1415555{index:04}");
        decide(&gateway, &sms("shop", &to)) == decide(&gateway, &sms("care", &to))
    });
    let same = same.count();
    assert!((5..=45).contains(&same), "one in twenty by chance, but {same} of 400");
}
