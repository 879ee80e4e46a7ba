//! Figures as people read them.

/// A whole number with its thousands apart.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// Three digits or more: whole from 100, with decimals below.
pub(crate) fn fine(number: f64) -> String {
    match number.abs() {
        least if least >= 100.0 => whole(number),
        least if least >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A time in the unit that suits it, from nanoseconds.
pub(crate) fn time(nanoseconds: f64) -> String {
    let (scale, unit) = match nanoseconds {
        few if few < 1e3 => (1.0, "ns"),
        few if few < 1e6 => (1e3, "us"),
        few if few < 1e9 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    let number = nanoseconds / scale;
    // Three digits, and no zeros behind the point.
    let decimals = if number >= 99.95 {
        0
    } else if number >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{number:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_fine_as_they_are_good_for() {
        assert_eq!(
            [0.0, 999.4, 1_000.0, 1_234_567.0, -1_234.0].map(whole),
            ["0", "999", "1,000", "1,234,567", "-1,234"]
        );
        assert_eq!([0.456, 12.34, 123.4, 12_345.6].map(fine), ["0.46", "12.3", "123", "12,346"]);
        assert_eq!(
            [0.0, 100.0, 1_500.0, 17_361.0, 1e6, 2.5e9].map(time),
            ["0 ns", "100 ns", "1.5 us", "17.4 us", "1 ms", "2.5 s"]
        );
    }
}
