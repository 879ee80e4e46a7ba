//! Batches on threads of lower priority: a policy counts as slow for what it takes on a core, not for how long its thread
//! waits for one.

use callsign::Pin;
use callsign::sticky::{Filter, Page, Position, Release, StickyError, Touch, Write};

use super::*;

/// A store in memory whose reads take a while, as if their thread waited for a core.
struct Waiting(MemoryStore, Duration);

impl StickyStore for Waiting {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        std::thread::sleep(self.1);
        self.0.read(keys)
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.0.write(writes)
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.0.release(releases)
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.0.touch(touches)
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.0.list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.0.count(filter)
    }
}

fn bulk(gateway: &Gateway, messages: usize) -> Vec<String> {
    wait(gateway.resolve_bulk_async(&vec![sms("shop", TO); messages])).iter().map(told).collect()
}

#[test]
fn a_call_whose_thread_waited_is_not_made_again_and_costs_no_policy_time() {
    let platform = platform().strategy("sticky", "shop", json!({"channel": "SMS", "useStickySender": true}));
    let pins = Arc::new(Waiting(MemoryStore::new(), 5 * MS));
    let with_pins = |pins: Arc<Waiting>| {
        Gateway::with_lanes(platform.catalog(), patient(Policy::standard().unwrap()), pins, LaneOptions::default())
            .unwrap()
    };
    // A machine that is busy may hold a call up for longer than the lane has patience: then the next one shows it.
    let usages: Vec<callsign::Usage> = (0..20)
        .map(|_| {
            let gateway = with_pins(Arc::clone(&pins));
            assert_eq!(bulk(&gateway, 1), ["S0"]);
            gateway.usage("shop")
        })
        .collect();
    assert!(usages.iter().any(|usage| usage.slow == 0 && usage.policy_time < 5 * MS), "{usages:?}");
    // The thread of an asynchronous caller gives it up once the clock says so, which may have to wait for a core itself: not each time.
    let is_given_up = (0..20).any(|_| {
        let gateway = with_pins(Arc::clone(&pins));
        assert_eq!(batch(&gateway, 1).0, ["S0"]);
        gateway.usage("shop").slow == 1
    });
    assert!(is_given_up, "the call is not made again");
}

#[test]
fn a_policy_that_is_slow_on_the_core_is_found_out_and_goes_to_the_slow_lane() {
    let gateway = gateway(|_| {});
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    assert_eq!(bulk(&gateway, 5), ["S0"; 5]);
    let first = gateway.usage("shop");
    assert!(first.policy_time > 3 * MS, "{first:?}");
    assert_eq!(bulk(&gateway, 5), ["S0"; 5]);
    assert_eq!(gateway.usage("shop").slow, first.slow + 1, "it goes there at once");
}

#[test]
fn an_endless_call_is_stopped_and_asked_again_in_the_slow_lane() {
    // The slow lane may wait for a core, and the time of the request is not looked at here.
    let gateway = gateway(|lanes| lanes.request = Duration::from_secs(600));
    bind(&gateway, "shop", &hostile().resolve(FOR_EVER).resolve_batch("unreachable"), 50 * MS);
    let spent = Spent::begin(&gateway);
    let told = bulk(&gateway, 3);
    assert!(spent.took() < 1_000 * MS + SLACK, "{:?}", spent.took());
    assert!(told[0].starts_with("POLICY_FAILED the policy ran for longer than 50ms"), "{told:?}");
    assert!(gateway.usage("shop").slow > 0);
}

#[test]
fn the_policy_time_of_a_batch_is_measured_and_held_to_the_budget() {
    let gateway = gateway(|lanes| lanes.milliseconds_per_second = Some(1));
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    // Where its thread was kept from its core it is asked again, and has spent the budget by then.
    let over = "POLICY_FAILED the policies of the application take more than 1 ms a second";
    let told = bulk(&gateway, 1);
    assert!(told == ["S0"] || told == [over], "{told:?}");
    assert!(gateway.usage("shop").policy_time > MS, "{:?}", gateway.usage("shop"));
    // The budget comes back while this thread waits for a core: then it is spent again.
    let is_refused = (0..40).any(|_| bulk(&gateway, 1)[0].starts_with("POLICY_FAILED "));
    assert!(is_refused, "{:?}", gateway.usage("shop"));
    assert!(gateway.usage("shop").refused > 0);
}
