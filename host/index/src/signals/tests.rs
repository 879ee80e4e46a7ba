use super::*;

const US: Country = Country::US;
const CA: Country = Country::CA;
const BAD: Health = Health::Unhealthy { since: 7 };

fn key(id: &str) -> u64 {
    SenderKey::of(id).0
}

/// The channels and countries of two each for which a sender is unhealthy.
fn unhealthy(signals: &Signals, sender: &str) -> Vec<(Channel, Country)> {
    let pairs = [(Channel::Sms, US), (Channel::Sms, CA), (Channel::Rcs, US), (Channel::Rcs, CA)];
    let is_bad = |&(channel, country): &(Channel, Country)| {
        let since = signals.unhealthy_since(key(sender), channel, country);
        let listed = signals.all_unhealthy(channel, country).find(|&(found, _)| found == key(sender));
        assert_eq!(since, listed.map(|(_, since)| since), "both ways to ask agree");
        since.is_some()
    };
    pairs.into_iter().filter(is_bad).collect()
}

#[test]
fn a_report_is_about_a_channel_or_all_and_a_country_or_all() {
    let mut signals = Signals::builder();
    signals.health("all", None, None, BAD);
    signals.health("sms", Some(Channel::Sms), None, BAD);
    signals.health("ca", None, Some(CA), BAD);
    signals.health("one", Some(Channel::Rcs), Some(US), BAD);
    let signals = signals.build();
    assert_eq!(unhealthy(&signals, "all").len(), 4);
    assert_eq!(unhealthy(&signals, "sms"), [(Channel::Sms, US), (Channel::Sms, CA)]);
    assert_eq!(unhealthy(&signals, "ca"), [(Channel::Sms, CA), (Channel::Rcs, CA)]);
    assert_eq!(unhealthy(&signals, "one"), [(Channel::Rcs, US)]);
    assert_eq!(unhealthy(&signals, "another"), []);
    assert_eq!(signals.unhealthy_since(key("one"), Channel::Rcs, US), Some(7));
    assert_eq!(signals.unhealthy_senders(), 4);
}

#[test]
fn the_last_report_about_a_channel_and_a_country_counts() {
    let mut signals = Signals::builder();
    signals.health("but", None, None, BAD);
    signals.health("but", Some(Channel::Sms), Some(US), Health::Healthy);
    signals.health("well", Some(Channel::Sms), Some(US), BAD);
    signals.health("well", None, None, Health::Healthy);
    signals.health("worse", None, None, Health::Healthy);
    signals.health("worse", Some(Channel::Sms), Some(US), BAD);
    let signals = signals.build();
    assert_eq!(unhealthy(&signals, "but"), [(Channel::Sms, CA), (Channel::Rcs, US), (Channel::Rcs, CA)]);
    assert_eq!(unhealthy(&signals, "well"), []);
    assert_eq!(unhealthy(&signals, "worse"), [(Channel::Sms, US)]);
    assert_eq!(signals.unhealthy_senders(), 2, "a sender that is healthy everywhere takes no room");
}

#[test]
fn the_epoch_is_0_while_every_sender_is_healthy_and_changes_with_the_health_alone() {
    let board = SignalBoard::new();
    assert_eq!((board.health_epoch(), board.current().health_epoch()), (0, 0));
    let mut healthy = Signals::builder();
    healthy.health("S1", None, None, Health::Healthy);
    board.set(healthy);
    assert_eq!(board.health_epoch(), 0);

    let reported = |load: f64, since: u64| {
        let mut signals = Signals::builder();
        signals.health("S1", None, None, Health::Unhealthy { since });
        signals.number("S1", "load", load);
        signals
    };
    board.set(reported(0.5, 7));
    let first = board.health_epoch();
    assert_ne!(first, 0);
    board.set(reported(0.75, 7));
    assert_eq!(board.health_epoch(), first, "another number is no other health");
    assert_eq!(board.current().number(key("S1"), key("load")), Some(0.75));
    board.set(reported(0.75, 8));
    let second = board.health_epoch();
    assert!(second > first);
    board.set(Signals::builder());
    assert_eq!(board.health_epoch(), 0);
    board.set(reported(0.5, 7));
    assert!(board.health_epoch() > second, "an epoch never comes again");
    assert_eq!(board.health_epoch(), board.current().health_epoch());
}

#[test]
fn what_a_call_has_read_stands_still() {
    let board = SignalBoard::new();
    let read = board.current();
    let mut signals = Signals::builder();
    signals.health("S1", None, None, BAD);
    board.set(signals);
    assert_eq!(unhealthy(&read, "S1"), []);
    assert_eq!(unhealthy(&board.current(), "S1").len(), 4);
}

#[test]
fn a_number_has_a_sender_and_a_name() {
    let mut signals = Signals::builder();
    signals.number("S1", "load", 0.25);
    signals.number("S1", "price", 3.0);
    signals.number("S2", "load", 1.0);
    signals.number("S2", "load", f64::NAN);
    signals.number("S3", "rate", f64::INFINITY);
    let signals = signals.build();
    assert_eq!(signals.number(key("S1"), key("load")), Some(0.25));
    assert_eq!(signals.number(key("S1"), key("price")), Some(3.0));
    assert_eq!(signals.number(key("S2"), key("load")), None);
    assert_eq!(signals.numbers_called(key("load")).and_then(|load| load.of(key("S1"))), Some(0.25));
    assert!(signals.numbers_called(key("rate")).is_none());
    assert_eq!(signals.health_epoch(), 0);
}

#[test]
fn a_source_of_ones_own_needs_no_board() {
    struct Own(Arc<Signals>);
    impl SignalSource for Own {
        fn current(&self) -> CurrentSignals {
            Arc::clone(&self.0).into()
        }
    }
    let mut signals = Signals::builder();
    signals.health("S1", None, None, BAD);
    let own = Own(Arc::new(signals.build()));
    assert_eq!(own.health_epoch(), own.0.health_epoch());
    assert_eq!(unhealthy(&own.current(), "S1").len(), 4);
}

#[test]
fn the_serial_number_is_0_while_there_is_nothing_to_say_and_changes_with_all_that_is_said() {
    let board = SignalBoard::new();
    assert_eq!((board.serial(), board.current().serial()), (0, 0));
    let mut seen = vec![0];
    for (bad, load) in [(false, 0.5), (true, 0.5), (true, 0.75), (false, 0.75)] {
        let signals = || {
            let mut signals = Signals::builder();
            signals.number("S1", "load", load);
            if bad {
                signals.health("S1", None, None, BAD);
            }
            signals
        };
        board.set(signals());
        assert_eq!(board.serial(), board.current().serial());
        assert!(!seen.contains(&board.serial()), "a serial number never comes again");
        seen.push(board.serial());
        board.set(signals());
        assert_eq!(seen.last(), Some(&board.serial()), "what says the same has the same");
    }
    board.set(Signals::builder());
    assert_eq!(board.serial(), 0);
}

#[test]
fn signals_are_made_again_of_their_reports_and_numbers() {
    let mut signals = Signals::builder();
    signals.health("but", None, None, BAD);
    signals.health("but", Some(Channel::Sms), None, Health::Healthy);
    signals.health("but", Some(Channel::Sms), Some(CA), BAD);
    signals.health("all", None, None, BAD);
    signals.number("S1", "load", 0.25);
    signals.number("S2", "price", -1.5);
    let signals = signals.build();
    let mut again = Signals::builder();
    signals.reports().for_each(|(sender, report)| again.health_of(sender, report));
    signals.numbers().for_each(|(sender, name, number)| again.number_of(sender, name, number));
    let again = again.build();
    assert_eq!((&signals.unhealthy, &signals.numbers), (&again.unhealthy, &again.numbers));
    assert_eq!(unhealthy(&again, "but"), [(Channel::Sms, CA), (Channel::Rcs, US), (Channel::Rcs, CA)]);
}
