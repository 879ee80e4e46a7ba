//! Prints nanoseconds per call over the numbers of the test data, in release mode:
//! `cargo run --release --example time`.

use std::hint::black_box;
use std::time::Instant;

use callsign_destination::Destination;

/// The least of several rounds is the one that other work on the machine disturbed least.
const ROUNDS: usize = 200;

fn measure(name: &str, texts: &[String]) {
    measure_with(name, texts, |text| {
        let _ = black_box(Destination::parse(text));
    });
}

fn measure_with(name: &str, texts: &[String], call: impl Fn(&str)) {
    let mut least = f64::INFINITY;
    let mut total = 0.0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for text in texts {
            call(black_box(text));
        }
        let each = start.elapsed().as_secs_f64() * 1e9 / texts.len() as f64;
        least = least.min(each);
        total += each;
    }
    let mean = total / ROUNDS as f64;
    println!("{name:32} {least:6.1} ns least {mean:6.1} ns mean {:6} numbers", texts.len());
}

fn main() {
    let rows: Vec<Vec<&str>> =
        include_str!("../tests/data/numbers.csv").lines().skip(1).map(|line| line.split(',').collect()).collect();
    let of = |wanted: &dyn Fn(&[&str]) -> bool| -> Vec<String> {
        rows.iter().filter(|row| wanted(row)).map(|row| row[0].to_owned()).collect()
    };
    // Numbers in E.164 as they are usually sent: the text is what is printed again.
    measure("E.164, calling code 1", &of(&|row| row[0] == row[2] && row[0].starts_with("+1")));
    measure("E.164, all countries", &of(&|row| row[0] == row[2]));
    measure(
        "E.164, shared calling codes",
        &of(&|row| row[0] == row[2] && ["+7", "+39", "+44", "+61"].iter().any(|code| row[0].starts_with(code))),
    );
    measure("with separators", &of(&|row| !row[2].is_empty() && row[0] != row[2]));
    measure("refused", &of(&|row| row[2].is_empty()));
    measure("all of the test data", &of(&|_| true));
    let zones = |text: &str| Destination::parse(text).map_or(&[][..], |found| found.number.zones());
    let numbers = of(&|row| !row[1].is_empty());
    measure_with("with time zones", &numbers, |text| {
        black_box(zones(text));
    });
    measure_with("with minutes from UTC", &[String::from("+14155550123")], |text| {
        black_box(zones(text).iter().map(|zone| zone.minutes_from_utc(black_box(1_795_798_800))).max());
    });
    for one in ["+14155550123", "+447911123456", "+1 (415) 555-0123", "+44 (0)7911 123456"] {
        measure(one, &vec![one.to_owned(); 4096]);
    }
}
