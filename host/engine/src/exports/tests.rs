//! Our own lowering and lifting, compared with the canonical ABI byte by byte, and with wasmtime's on random values.

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;

/// How many random lists each direction is tested with.
const LISTS: u64 = 2_000;

/// A module that returns its input: requests as their bytes, and bytes as answers. It allocates upwards, in steps of 8
/// bytes.
const MIRROR: &str = r#"(module
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
    (func $list (param $at i32) (param $len i32) (result i32)
        (i32.store (i32.const 16) (local.get $at))
        (i32.store (i32.const 20) (local.get $len))
        (i32.const 16))
    (func (export "bytes-of") (param $at i32) (param $len i32) (result i32)
        (call $list (local.get $at) (i32.mul (local.get $len) (i32.const 48))))
    (func (export "answers-of") (param $at i32) (param $len i32) (result i32)
        (call $list (local.get $at) (i32.div_u (local.get $len) (i32.const 24))))
    (func (export "answer-of") (param $at i32) (param $len i32) (result i32)
        (local.get $at)))"#;

const WORLD: &str = "
package callsign:mirror;
world mirror {
    use callsign:policy/types@1.0.0.{request, answer};
    export bytes-of: func(requests: list<request>) -> list<u8>;
    export answers-of: func(bytes: list<u8>) -> list<answer>;
    export answer-of: func(bytes: list<u8>) -> answer;
}";

/// [`MIRROR`] as a component.
struct Mirror {
    engine: Engine,
    component: Component,
}

impl Mirror {
    fn new() -> Self {
        let mut wit = Resolve::default();
        wit.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).expect("the contract");
        let package = wit.push_str("mirror.wit", WORLD).expect("the world of the mirror");
        let world = wit.select_world(&[package], None).expect("its only world");
        let mut module = wat::parse_str(MIRROR).expect("the mirror");
        embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8).expect("metadata");
        let mut encoder = ComponentEncoder::default();
        let bytes = encoder.validate(true).module(&module).and_then(|encoder| encoder.encode()).expect("a component");
        let engine = Engine::default();
        let component = Component::new(&engine, bytes).expect("it compiles");
        Self { engine, component }
    }

    /// Calls a function of a fresh instance, whose memory is all zeros.
    fn call<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift>(&self, name: &str, params: P) -> Result<R> {
        let mut store = Store::new(&self.engine, ());
        let instance = Linker::new(&self.engine).instantiate(&mut store, &self.component)?;
        // This checks our types as wasmtime checks its own.
        instance.get_typed_func::<P, R>(&mut store, name)?.call(&mut store, params)
    }
}

/// The same numbers on every run (xorshift).
struct Random(u64);

impl Random {
    fn of(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 20) % limit
    }

    fn request(&mut self) -> Request {
        Request {
            message: self.next() as u32,
            scope: self.next() as u32,
            revision: self.next(),
            recipient: self.next(),
            message_type: self.next(),
            marks: self.next() as u32,
            country: self.next() as u16,
            area_code: self.next() as u16,
            channel: self.next() as u8,
        }
    }

    /// The bytes of an answer: random, but most often with valid cases.
    fn answer(&mut self) -> [u8; ANSWER_BYTES] {
        let mut bytes = [0; ANSWER_BYTES];
        for byte in &mut bytes {
            *byte = self.next() as u8;
        }
        for (at, cases) in [(0, 2), (12, 2)] {
            if self.below(50) != 0 {
                bytes[at] = self.below(cases) as u8;
            }
        }
        bytes
    }
}

#[test]
fn requests_are_lowered_as_wasmtime_lowers_them() {
    let mirror = Mirror::new();
    for seed in 0..LISTS {
        let mut random = Random::of(seed);
        let requests: Vec<Request> = (0..random.below(20)).map(|_| random.request()).collect();
        let (ours,): (Vec<u8>,) = mirror.call("bytes-of", (Requests(requests.iter()),)).expect("ours");
        let (theirs,): (Vec<u8>,) = mirror.call("bytes-of", (&requests[..],)).expect("wasmtime's");
        assert_eq!(ours, theirs, "seed {seed}: {requests:?}");
        assert_eq!(ours.len(), requests.len() * REQUEST_BYTES, "seed {seed}");
    }
}

#[test]
fn answers_are_lifted_as_wasmtime_lifts_them() {
    let mirror = Mirror::new();
    let (mut lifted, mut refused) = (0, 0);
    for seed in 0..LISTS {
        let mut random = Random::of(seed);
        let bytes: Vec<u8> = (0..random.below(12)).flat_map(|_| random.answer()).collect();
        let ours = mirror.call::<_, (Answers,)>("answers-of", (&bytes[..],));
        let theirs = mirror.call::<_, (Vec<Answer>,)>("answers-of", (&bytes[..],));
        match (ours, theirs) {
            (Ok((Answers(ours),)), Ok((theirs,))) => {
                assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "seed {seed}: {bytes:?}");
                lifted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (ours, theirs) => panic!(
                "seed {seed}: {:?} where wasmtime has {:?} of {bytes:?}",
                ours.map(|(Answers(answers),)| answers),
                theirs
            ),
        }
    }
    assert!(lifted > LISTS / 4 && refused > LISTS / 10, "too uniform: {lifted} lifted, {refused} refused");
}

#[test]
fn a_single_answer_is_lifted_as_wasmtime_lifts_it() {
    let mirror = Mirror::new();
    for seed in 0..LISTS {
        let bytes = Random::of(seed).answer();
        let ours = mirror
            .call::<_, (SingleAnswer,)>("answer-of", (&bytes[..],))
            .map(|(SingleAnswer(answer),)| format!("{answer:?}"));
        let theirs = mirror.call::<_, (Answer,)>("answer-of", (&bytes[..],)).map(|(answer,)| format!("{answer:?}"));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "seed {seed}: {bytes:?}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("seed {seed}: {ours:?} where wasmtime has {theirs:?} of {bytes:?}"),
        }
    }
}

#[test]
fn a_request_has_its_fields_where_the_canonical_abi_wants_them() {
    let request = Request {
        message: 0x0403_0201,
        scope: 0x0807_0605,
        revision: 0x100f_0e0d_0c0b_0a09,
        recipient: 0x1817_1615_1413_1211,
        message_type: 0x201f_1e1d_1c1b_1a19,
        marks: 0x2423_2221,
        country: 0x5553,
        area_code: 415,
        channel: 2,
    };
    let mut expected: Vec<u8> = (1..=36).collect();
    expected.extend([0x53, 0x55, 0x9f, 0x01, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(request_bytes(&request)[..], expected[..]);
}

/// An answer's bytes. Those that are not given are 0xff, and must not be read.
fn bytes(given: &[(usize, &[u8])]) -> [u8; ANSWER_BYTES] {
    let mut bytes = [0xff; ANSWER_BYTES];
    for (at, given) in given {
        bytes[*at..at + given.len()].copy_from_slice(given);
    }
    bytes
}

#[test]
fn every_answer_is_read_as_it_was_written() {
    let decided = |strategy: &[u8], step, pin| {
        bytes(&[(0, &[0]), (8, &[7, 0, 0, 0]), (12, &strategy[..1]), (16, &strategy[1..]), (20, &[step, pin])])
    };
    for step in 0..=255 {
        let answer = parse_answer(&decided(&[1, 9, 0, 0, 0], step, 1)).expect("an answer");
        let Answer::Decided(decision) = answer else { panic!("{answer:?}") };
        assert_eq!((decision.sender, decision.strategy, decision.step, decision.pin), (7, Some(9), step, true));
    }
    let Ok(Answer::Decided(decision)) = parse_answer(&decided(&[0], 4, 0)) else { panic!("it decides") };
    assert_eq!((decision.strategy, decision.pin), (None, false));

    for reason in 0..=255 {
        let refused = bytes(&[(0, &[1]), (8, &[reason]), (12, &[5, 0, 0, 0]), (16, &[6, 0, 0, 0, 0, 0, 0, 1])]);
        let Ok(Answer::Refused(refusal)) = parse_answer(&refused) else { panic!("a refusal") };
        assert_eq!((refusal.reason, refusal.code, refusal.detail), (reason, 5, 6 | 1 << 56));
    }
}

#[test]
fn an_answer_with_an_unknown_case_is_refused() {
    for wrong in [bytes(&[(0, &[2])]), bytes(&[(0, &[0]), (12, &[2])])] {
        assert!(parse_answer(&wrong).is_err(), "{wrong:?}");
    }
}
