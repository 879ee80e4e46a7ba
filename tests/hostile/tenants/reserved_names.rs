//! Names and codes of the host's own.

use std::process::Command;

use serde_json::json;

use super::world::{ATTACKER, World, beside_others};
use callsign_tests::component::Component;
use callsign_tests::platform::Platform;
use callsign_tests::service::folder;

/// A policy that refuses every message with this code.
fn refusing(code: &str) -> Vec<u8> {
    let words = format!(
        "(call $words (i32.const 8192) (i32.const {}) (i32.const 112) (i32.const 12)) (i32.const 2048)",
        code.len()
    );
    Component::new("refusing", "1.0.0")
        .item(&format!(r#"(data (i32.const 8192) "{code}")"#))
        .resolve("(call $refuse (i32.const 7))")
        .refusal_text(&words)
        .build()
}

#[test]
fn a_module_of_a_tenant_with_a_name_of_callsigns_is_refused() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage"]);
    for name in ["callsign-standard", "callsign-other"] {
        let refused = world.try_upload(&key, &Component::new(name, "1.0.0").build());
        assert!(matches!(refused.status, 400 | 403 | 409), "{refused:?}");
        assert!(refused.text.contains("callsign-"), "{refused:?}");
    }
    let listed = world.server.get("/v1/modules").expect(200).text;
    assert!(!listed.contains("callsign-"), "{listed}");
}

#[test]
fn a_policy_that_refuses_with_a_code_of_the_host_is_not_taken_for_the_host() {
    let world = World::beside_others();
    let key = world.key(ATTACKER, &["modules:manage", "decisions:make"]);
    let codes = ["INVALID_MESSAGE", "NO_STRATEGY", "NO_ELIGIBLE_SENDER", "POLICY_FAILED", "SENDER_NOT_REGISTERED"];
    for code in codes {
        world.bind(&key, ATTACKER, &refusing(code), &json!({}));
        let decision = world.decide(&key, json!({}));
        let told = decision["refusal"]["code"].as_str().unwrap();
        assert!(told != code || code == "POLICY_FAILED", "{decision}");
        world.server.ask(&key, "DELETE", &format!("/v1/binding?applicationId={ATTACKER}"), None).expect(204);
        for module in
            world.server.ask(&key, "GET", "/v1/modules", None).expect(200).json()["results"].as_array().unwrap()
        {
            world
                .server
                .ask(&key, "DELETE", &format!("/v1/modules/{}", module["digest"].as_str().unwrap()), None)
                .expect(204);
        }
    }
}

#[test]
fn the_command_does_not_take_a_policys_code_for_a_message_that_is_none() {
    let _turn = beside_others();
    let folder = folder("reserved");
    let platform =
        Platform::new().long("S0", "+12125550100").associate("shop", &["S0"]).strategy("A", "shop", json!({}));
    std::fs::write(folder.join("catalog.json"), platform.file()).unwrap();
    std::fs::write(folder.join("policy.wasm"), refusing("INVALID_MESSAGE")).unwrap();
    std::fs::write(folder.join("messages.jsonl"), r#"{"applicationId":"shop","channel":"SMS","to":"+14155550123"}"#)
        .unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_callsign"))
        .current_dir(&folder)
        .args(["resolve", "--catalog", "catalog.json", "--policy", "policy.wasm", "messages.jsonl"])
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{told} {}", String::from_utf8_lossy(&ran.stderr));
    assert!(!told.contains(r#""code":"INVALID_MESSAGE""#), "{told}");
}
