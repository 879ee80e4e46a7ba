//! What a change costs on a platform of a million senders, how long such a platform takes to load, what memory it takes,
//! and what a decision costs on it beside one on a small platform.
//!
//! `cargo bench -p callsign --bench change`; all figures are also in `target/bench/change.json`. With
//! `-- load`, `-- decisions` or `-- changes` only these are measured, and nothing is written.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod platform;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

use callsign::{Binding, BindingTarget, Catalog, Channel, Edit, Gateway, List, Message, Policy};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use platform::{APPLICATIONS, Numbers, Size};

const LARGE: Size = Size { senders: 1_000_000, associations: 1_000_000, entities: 100_000, strategies: 50_000 };
const SMALL: Size = Size { senders: 1_000, associations: 1_000, entities: 100, strategies: 100 };

const CHANGES: usize = 200;
const MESSAGES: usize = 4_096;
const ROUNDS: usize = 31;

/// The system's allocator, which counts what the heap holds: no other way says what a value keeps there.
struct Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Row {
    what: String,
    times: Vec<Duration>,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    let mut figures = json!({});

    let text = platform::text(LARGE);
    if wants("load") {
        println!("a file of {} MB", text.len() / 1_000_000);
        let mut loads: Vec<(Duration, f64)> = (0..5).map(|_| load(&text)).collect();
        loads.sort_by_key(|&(time, _)| time);
        let (time, bytes) = loads[loads.len() / 2];
        println!("loads in {:.2} s, {bytes:.0} bytes of heap a sender", time.as_secs_f64());
        figures["load_seconds"] = json!(time.as_secs_f64());
        figures["bytes_a_sender"] = json!(bytes.round());
    }
    let large = Gateway::new(Catalog::from_json(&text).unwrap()).unwrap();
    drop(text);
    if wants("decisions") {
        let small = Gateway::new(Catalog::from_json(&platform::text(SMALL)).unwrap()).unwrap();
        for (gateway, size, name, scopes) in [
            (&small, SMALL, "small", SMALL.entities),
            (&large, LARGE, "large_same_scopes", SMALL.entities),
            (&large, LARGE, "large", LARGE.entities),
        ] {
            let (native, single) = decide(gateway, size, scopes);
            println!("a decision, {name}: native {native:.0} ns, gateway {single:.0} ns");
            figures[format!("decision_{name}_ns")] = json!(native.round());
            figures[format!("gateway_decision_{name}_ns")] = json!(single.round());
        }
    }
    if wants("changes") {
        let mut rows = changes(&large, "");
        // With bindings every scope has a route.
        let policy = Arc::new(Policy::standard().unwrap());
        for application in 0..APPLICATIONS {
            let bound = BindingTarget::application(&format!("APP{application:02}"));
            large.swap(&bound, Binding::new(Arc::clone(&policy))).unwrap();
        }
        rows.extend(changes(&large, ", 50 bindings"));
        figures["rows"] = rows.into_iter().map(told).collect();
    }
    if wanted.is_empty() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("change.json"), serde_json::to_vec_pretty(&figures).unwrap()).unwrap();
    }
}

/// A row, printed and as it is written down.
fn told(Row { what, mut times }: Row) -> Value {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, p99) = (ms(times[times.len() / 2]), ms(times[times.len() * 99 / 100]));
    println!("{what:56} median {median:6.3} ms, p99 {p99:6.3} ms");
    json!({"what": what, "senders": LARGE.senders, "median_ms": median, "p99_ms": p99})
}

/// How long a platform takes from text to a gateway, and how many bytes of heap it holds then for each sender.
fn load(text: &str) -> (Duration, f64) {
    let before = HELD.load(Ordering::Relaxed);
    let begin = Instant::now();
    let catalog = Catalog::from_json(text).unwrap();
    let parsed = begin.elapsed();
    let gateway = Gateway::new(catalog).unwrap();
    let time = begin.elapsed();
    println!("  parsed in {:.2} s, indexed by {:.2} s", parsed.as_secs_f64(), time.as_secs_f64());
    let held = HELD.load(Ordering::Relaxed) - before;
    drop(gateway);
    (time, held as f64 / LARGE.senders as f64)
}

/// Nanoseconds of a decision, warm: natively and by the gateway.
fn decide(gateway: &Gateway, size: Size, scopes: usize) -> (f64, f64) {
    let mut numbers = Numbers::of(7);
    let names: Vec<(String, String, String)> = (0..MESSAGES)
        .map(|index| {
            let entity = numbers.below(scopes) * (size.entities / scopes);
            let to = format!("+1{}{:07}", [212, 213, 415, 646][index % 4], 2_345_678 + index * 97 % 7_000_000);
            (platform::application(entity), platform::entity(entity), to)
        })
        .collect();
    let messages: Vec<Message<'_>> = names
        .iter()
        .map(|(application, entity, to)| Message::new(Channel::Sms, to).application(application).entity(entity))
        .collect();
    let mut native = gateway.native();
    for message in messages.iter().cycle().take(3 * messages.len()) {
        black_box(gateway.resolve(message));
        black_box(native.resolve(message));
    }
    let native = median(|| {
        for message in &messages {
            black_box(native.resolve(message));
        }
    });
    let single = median(|| {
        for message in &messages {
            black_box(gateway.resolve(message));
        }
    });
    (native / MESSAGES as f64, single / MESSAGES as f64)
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2].as_secs_f64() * 1e9
}

/// Changes of one sender each, spread over the platform: from the edit until the revision is served and the one before is
/// given up.
fn changes(gateway: &Gateway, with: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut measure = |what: &str, edits: &mut dyn FnMut(usize) -> Vec<Edit<'static>>| {
        // What is behind a sender that is taken out moves up.
        let many = if what.starts_with("take") { CHANGES / 40 } else { CHANGES };
        let edits: Vec<Vec<Edit<'static>>> = (0..many).map(edits).collect();
        let times = edits.iter().map(|edits| change(gateway, edits)).collect();
        rows.push(Row { what: format!("{what}{with}"), times });
    };
    let senders: Vec<usize> = (0..CHANGES).map(|index| platform::own(1_000 + index * 4_447)).collect();
    let new = gateway.revision().catalog().senders().len();
    measure("suspend one sender", &mut |index| vec![put(List::Senders, platform::sender(senders[index], "SUSPENDED"))]);
    measure("activate it again", &mut |index| vec![put(List::Senders, platform::sender(senders[index], "ACTIVE"))]);
    let from = |index: usize| platform::entity_of(senders[index], LARGE.entities);
    measure("associate one sender with another entity", &mut |index| {
        vec![
            Edit::remove_owned(List::Associations, raw(platform::association(senders[index], from(index)))),
            put(List::Associations, platform::association(senders[index], (from(index) + 17) % LARGE.entities)),
        ]
    });
    measure("and back", &mut |index| {
        vec![
            Edit::remove_owned(
                List::Associations,
                raw(platform::association(senders[index], (from(index) + 17) % LARGE.entities)),
            ),
            put(List::Associations, platform::association(senders[index], from(index))),
        ]
    });
    measure("add one sender", &mut |index| vec![put(List::Senders, platform::sender(new + index, "ACTIVE"))]);
    measure("associate it", &mut |index| vec![put(List::Associations, platform::association(new + index, index * 31))]);
    measure("add and associate one sender", &mut |index| {
        let new = new + CHANGES + index;
        vec![
            put(List::Senders, platform::sender(new, "ACTIVE")),
            put(List::Associations, platform::association(new, index * 37)),
        ]
    });
    measure("take one sender out", &mut |index| {
        let new = new + CHANGES + index;
        vec![
            Edit::remove_owned(List::Associations, raw(platform::association(new, index * 37))),
            Edit::remove_sender(&format!("SND{new:08}")),
        ]
    });
    rows
}

fn change(gateway: &Gateway, edits: &[Edit<'_>]) -> Duration {
    let begin = Instant::now();
    let catalog = gateway.revision().catalog().edit(edits).unwrap();
    let next = gateway.next_revision(catalog).unwrap();
    gateway.replace_revision(next).unwrap();
    begin.elapsed()
}

fn put(list: List, element: String) -> Edit<'static> {
    Edit::put_owned(list, raw(element))
}

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap()
}
