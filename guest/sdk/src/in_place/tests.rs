//! The bytes of answers, lists of every length, and the exports as a host calls them.

use core::cell::RefCell;

use super::*;
use crate::instance::{Instance, of};
use crate::reads::Reads;
use crate::testing::request;
use crate::{Call, NoSettings, Policy};

/// The most requests that a host sends in a batch.
const MOST: usize = 256;

/// The canonical ABI's own words: each field at its place, as the host reads it.
fn parse(bytes: &[u8]) -> Answer {
    let number = |at: usize, size: usize| (0..size).fold(0, |number, i| number | u64::from(bytes[at + i]) << (8 * i));
    match bytes[0] {
        0 => Answer::Decided(Decision {
            sender: number(8, 4) as u32,
            strategy: (bytes[12] == 1).then(|| number(16, 4) as u32),
            step: bytes[20],
            pin: bytes[21] == 1,
        }),
        _ => Answer::Refused(Refusal { reason: bytes[8], code: number(12, 4) as u32, detail: number(16, 8) }),
    }
}

fn bytes_of(slots: &[Slot]) -> Vec<u8> {
    let bytes = |slot: &Slot| {
        let words = [slot.case, slot.unused, slot.first, slot.second].map(u32::to_le_bytes);
        [words.concat(), slot.rest.to_le_bytes().to_vec()].concat()
    };
    slots.iter().flat_map(bytes).collect()
}

/// An answer that tells which request it is for, in each of its forms.
fn answer_to(request: &Request) -> Answer {
    let recipient = request.recipient;
    match recipient % 3 {
        0 => Answer::refuse(recipient as u32 ^ request.marks, recipient.wrapping_mul(u64::MAX / 7)),
        of => Answer::Decided(Decision {
            sender: recipient as u32 ^ request.scope,
            strategy: (of == 1).then_some(!(recipient as u32)),
            step: request.channel,
            pin: recipient % 2 == 1,
        }),
    }
}

fn requests(count: usize) -> Vec<Request> {
    let one = |index: u32| Request {
        message: index,
        scope: index << 8,
        marks: !index,
        channel: index as u8,
        ..request(u64::from(index) * 5)
    };
    (0..count as u32).map(one).collect()
}

#[test]
fn each_field_of_an_answer_is_where_the_host_reads_it() {
    let decided = |strategy, pin| Answer::Decided(Decision { sender: 0x0102_0304, strategy, step: 0xfe, pin });
    let answers = [
        decided(None, false),
        decided(None, true),
        decided(Some(0), true),
        decided(Some(u32::MAX), false),
        Answer::Refused(Refusal { reason: u8::MAX, code: u32::MAX, detail: u64::MAX }),
        Answer::Refused(Refusal { reason: 4, code: 0, detail: 0 }),
        Answer::refuse(7, 1 << 63 | 1),
    ];
    for answer in answers {
        assert_eq!(parse(&bytes_of(&[answer.into()])), answer);
    }
}

#[test]
fn each_request_is_read_before_an_answer_is_written_over_it() {
    for count in 0..=MOST {
        let expected: Vec<Answer> = requests(count).iter().map(answer_to).collect();
        let mut list = requests(count);
        let at = list.as_ptr() as usize;
        let mut read = Vec::new();
        let slots = answer_in_place(&mut list, |request| {
            read.push(*request);
            answer_to(request)
        });
        assert_eq!((slots.as_ptr() as usize, slots.len()), (at, count), "they are where the requests were");
        let answers: Vec<Answer> = bytes_of(slots).chunks_exact(size_of::<Slot>()).map(parse).collect();
        assert_eq!(answers, expected);
        assert_eq!(read, requests(count));
    }
}

struct Telling;

impl Policy for Telling {
    type Settings = NoSettings;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }

    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        answer_to(call.request)
    }
}

struct Component;

std::thread_local! {
    static INSTANCE: RefCell<Option<Instance<Telling>>> = const { RefCell::new(None) };
}

impl Exported for Component {
    type Policy = Telling;

    fn with<U>(look: impl FnOnce(&mut Instance<Telling>) -> U) -> U {
        INSTANCE.with_borrow_mut(|instance| look(of(instance)))
    }
}

/// Calls `resolve-batch` as a host does: with memory that it asked the policy for, and which it gives back.
fn batch(requests: Vec<Request>) -> Vec<Answer> {
    let len = requests.len();
    let at = Box::into_raw(requests.into_boxed_slice()).cast::<u8>();
    // SAFETY: the memory is that of a list of so many requests, and the list is given back once.
    let slots = unsafe {
        let list = _export_resolve_batch_cabi::<Component>(at, len);
        let List { at, len } = list.cast::<List>().read();
        let slots = core::slice::from_raw_parts(at, len).to_vec();
        __post_return_resolve_batch::<Component>(list);
        slots
    };
    bytes_of(&slots).chunks_exact(size_of::<Slot>()).map(parse).collect()
}

#[test]
fn a_batch_of_any_length_is_answered_as_its_messages_are_one_by_one() {
    for count in [0, 1, 2, 3, 64, MOST - 1, MOST] {
        let single = |request: &Request| {
            let Request { message, scope, revision, recipient, message_type, marks, .. } = *request;
            let (country, area_code) = (i32::from(request.country), i32::from(request.area_code));
            let channel = i32::from(request.channel);
            let (message, scope, marks) = (message as i32, scope as i32, marks as i32);
            let (revision, recipient, message_type) = (revision as i64, recipient as i64, message_type as i64);
            // SAFETY: these are the numbers of a request; the answer stays until the next call.
            let slot = unsafe {
                let at = _export_resolve_cabi::<Component>(
                    message,
                    scope,
                    revision,
                    recipient,
                    message_type,
                    marks,
                    country,
                    area_code,
                    channel,
                );
                at.cast::<Slot>().read()
            };
            parse(&bytes_of(&[slot]))
        };
        let one_by_one: Vec<Answer> = requests(count).iter().map(single).collect();
        assert_eq!(one_by_one, requests(count).iter().map(answer_to).collect::<Vec<_>>());
        assert_eq!(batch(requests(count)), one_by_one);
    }
}
