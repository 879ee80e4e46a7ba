//! The functions of the C library in any order, on handles of any kind: open, closed, of another kind, or never opened.

#![no_main]

use std::sync::LazyLock;

use callsign_c::*;
use libfuzzer_sys::fuzz_target;

const CATALOG: &str = r#"{"applications": [{"applicationId": "shop"}], "senders": [{"senderId": "S1", "sender": "+14155550100",
    "senderType": "VIRTUAL_LONG_NUMBER", "coverage": [{"channel": "SMS", "countries": ["US"]}]}], "associations":
    [{"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1"}],
    "sendingStrategies": [{"sendingStrategyId": "A", "platform": {"applicationId": "shop"}, "useStickySender": true}]}"#;

const NO_ERROR: ErrorHandle = ErrorHandle { id: 0 };

/// Compiled once; a second policy is opened of it by nothing, so it is never closed.
static POLICY: LazyLock<PolicyHandle> = LazyLock::new(|| {
    let mut policy = PolicyHandle { id: 0 };
    // SAFETY: the pointer is that of a value that lives until the call returns.
    let opened = unsafe { callsign_policy_open_standard(Text::NONE, &raw mut policy, NO_ERROR) };
    assert_eq!(opened, Status::Ok);
    policy
});

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Output,
    Catalog,
    Policy,
    Gateway,
}

/// Every handle that a run has seen, and whether it is open.
struct Handles(Vec<(u64, Kind, bool)>);

impl Handles {
    /// A handle by a byte of the input, and whether it is open and of this kind.
    fn pick(&self, byte: u8, kind: Kind) -> (u64, bool) {
        match self.0.get(usize::from(byte) % (self.0.len() + 2)) {
            Some(&(id, of, is_open)) => (id, is_open && of == kind),
            // None, and one that never was.
            None if byte.is_multiple_of(2) => (0, false),
            None => (u64::from(byte) << 56 | 0xfff_ffff, false),
        }
    }

    fn opened(&mut self, status: Status, id: u64, kind: Kind) {
        assert_eq!(status == Status::Ok, id != 0);
        if id != 0 {
            assert!(!self.0.iter().any(|&(before, ..)| before == id), "a handle came again");
            self.0.push((id, kind, true));
        }
    }

    fn close(&mut self, id: u64, kind: Kind) -> Status {
        let status = match kind {
            Kind::Error => callsign_error_close(ErrorHandle { id }),
            Kind::Output => callsign_output_close(OutputHandle { id }, NO_ERROR),
            Kind::Catalog => callsign_catalog_close(CatalogHandle { id }, NO_ERROR),
            Kind::Policy => callsign_policy_close(PolicyHandle { id }, NO_ERROR),
            Kind::Gateway => callsign_gateway_close(GatewayHandle { id }, NO_ERROR),
        };
        let open = self.0.iter_mut().find(|(open, of, is_open)| *open == id && *of == kind && *is_open);
        assert_eq!(status == Status::Ok, open.is_some());
        if let Some((.., is_open)) = open {
            *is_open = false;
        }
        status
    }
}

fn text(bytes: &[u8]) -> Text {
    Text { data: bytes.as_ptr().cast(), length: bytes.len() }
}

fn check(status: Status, all_open: bool) {
    assert_eq!(status == Status::Handle, !all_open, "{status:?}");
    assert_ne!(status, Status::Internal);
}

// What is compiled is compiled before the first input, whose time is limited.
fuzz_target!(init: { let _ = LazyLock::force(&POLICY); }, |input: &[u8]| {
    let mut handles = Handles(vec![(POLICY.id, Kind::Policy, true)]);
    let mut texts = vec![0; CALLSIGN_DECISION_TEXT * CALLSIGN_MAX_CHANNELS];
    for step in input.chunks(12).take(64) {
        let byte = |index: usize| step.get(index).copied().unwrap_or_default();
        let rest = step.get(3..).unwrap_or_default();
        let error = ErrorHandle { id: handles.pick(byte(2), Kind::Error).0 };
        // SAFETY: the pointers are those of values that live until the calls return.
        unsafe {
            match byte(0) % 14 {
                0 => {
                    let mut error = ErrorHandle { id: 7 };
                    let status = callsign_error_open(&raw mut error);
                    handles.opened(status, error.id, Kind::Error);
                }
                1 => {
                    let mut output = OutputHandle { id: 7 };
                    let status = callsign_output_open(&raw mut output, error);
                    handles.opened(status, output.id, Kind::Output);
                }
                2 => {
                    let mut catalog = CatalogHandle { id: 7 };
                    let bytes = if byte(1) < 128 { CATALOG.as_bytes() } else { rest };
                    let (data, length) = (bytes.as_ptr().cast(), bytes.len());
                    let status = callsign_catalog_open_text(data, length, text(rest), &raw mut catalog, error);
                    handles.opened(status, catalog.id, Kind::Catalog);
                }
                3 => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Catalog);
                    let mut gateway = GatewayHandle { id: 7 };
                    let (catalog, policy) = (CatalogHandle { id }, *POLICY);
                    let version = CALLSIGN_ABI_VERSION;
                    let status = callsign_gateway_open(version, catalog, policy, Text::NONE, &raw mut gateway, error);
                    check(status, is_open);
                    handles.opened(status, gateway.id, Kind::Gateway);
                }
                4 => {
                    let kinds = [Kind::Error, Kind::Output, Kind::Catalog, Kind::Policy, Kind::Gateway];
                    let kind = kinds[usize::from(byte(2)) % kinds.len()];
                    let (id, _) = handles.pick(byte(1), kind);
                    if id != POLICY.id || kind != Kind::Policy {
                        handles.close(id, kind);
                    }
                }
                5..=7 => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Gateway);
                    let channel_count = u32::from(byte(4) % 10);
                    let mut fallbacks = [Decision::EMPTY; CALLSIGN_MAX_CHANNELS];
                    let mut decision = Decision::EMPTY;
                    (decision.fallbacks, decision.fallback_capacity) = (fallbacks.as_mut_ptr(), fallbacks.len());
                    let mut message = Message::EMPTY;
                    message.to = if byte(3) < 200 { text(b"+14155550123") } else { text(rest) };
                    message.application_id = if byte(5) < 200 { text(b"shop") } else { text(rest) };
                    message.channels = [1, 2, 3, 1, u32::from(byte(6)), 0, 0, 0];
                    message.channel_count = channel_count;
                    let (room, size) = (texts.as_mut_ptr(), texts.len());
                    let gateway = GatewayHandle { id };
                    let status = match byte(0) % 14 {
                        5 => callsign_resolve(gateway, &raw const message, &raw mut decision, room, size, error),
                        6 => {
                            let (message, decision) = (&raw const message, &raw mut decision);
                            callsign_resolve_batch(gateway, message, decision, 1, room, size, error)
                        }
                        _ => {
                            let (output, has_output) = handles.pick(byte(7), Kind::Output);
                            let status =
                                callsign_explain(gateway, &raw const message, OutputHandle { id: output }, error);
                            assert!(has_output || status == Status::Handle);
                            status
                        }
                    };
                    assert!(is_open || status != Status::Ok);
                    assert_ne!(status, Status::Internal);
                    if status == Status::Ok && byte(0) % 14 != 7 {
                        assert_ne!(decision.refusal == 0, decision.sender_id.data.is_null());
                    }
                }
                8 => {
                    let (catalog, has_catalog) = handles.pick(byte(1), Kind::Catalog);
                    let (gateway, has_gateway) = handles.pick(byte(3), Kind::Gateway);
                    let (gateway, catalog) = (GatewayHandle { id: gateway }, CatalogHandle { id: catalog });
                    check(callsign_gateway_replace_catalog(gateway, catalog, error), has_catalog && has_gateway);
                }
                9 => {
                    let (gateway, has_gateway) = handles.pick(byte(1), Kind::Gateway);
                    let (output, has_output) = handles.pick(byte(3), Kind::Output);
                    let (gateway, output) = (GatewayHandle { id: gateway }, OutputHandle { id: output });
                    check(callsign_gateway_next_event(gateway, output, error), has_gateway && has_output);
                }
                10 => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Gateway);
                    let gateway = GatewayHandle { id };
                    let status = match byte(3) % 4 {
                        0 => callsign_gateway_swap(gateway, std::ptr::null(), *POLICY, Text::NONE, error),
                        1 => callsign_gateway_rollback(gateway, std::ptr::null(), error),
                        2 => callsign_gateway_set_signals(gateway, text(b"{}"), error),
                        _ => callsign_gateway_shadow(gateway, std::ptr::null(), *POLICY, Text::NONE, error),
                    };
                    check(status, is_open);
                }
                11 => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Gateway);
                    let status =
                        callsign_gateway_edit(GatewayHandle { id }, 1, text(rest), std::ptr::null_mut(), error);
                    assert!(is_open || status != Status::Ok);
                    assert_ne!(status, Status::Internal);
                }
                12 => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Output);
                    let (mut length, mut written) = (0, 0);
                    let output = OutputHandle { id };
                    check(callsign_output_length(output, &raw mut length, error), is_open);
                    let mut bytes = vec![0; length];
                    let status = callsign_output_read(output, bytes.as_mut_ptr(), length, &raw mut written, error);
                    check(status, is_open);
                    assert_eq!(written, length);
                }
                _ => {
                    let (id, is_open) = handles.pick(byte(1), Kind::Error);
                    let size = 1 + usize::from(byte(3));
                    let mut message = vec![0; size];
                    let mut written = 0;
                    let error = ErrorHandle { id };
                    check(callsign_error_message(error, message.as_mut_ptr(), size, &raw mut written), is_open);
                    assert!(written < size);
                    let bytes: Vec<u8> = message[..written].iter().map(|&byte| byte as u8).collect();
                    assert!(std::str::from_utf8(&bytes).is_ok());
                }
            }
        }
    }
    for (id, kind, is_open) in handles.0.clone() {
        if is_open && id != POLICY.id {
            assert_eq!(handles.close(id, kind), Status::Ok);
        }
    }
});
