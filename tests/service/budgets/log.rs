//! What policies of a tenant log.

use serde_json::json;

use super::{decide, used};
use crate::policies::{self, TO, upload};
use callsign_tests::component::Component;
use callsign_tests::service::Server;

/// A policy that logs 16 lines a message.
fn talking(name: &str) -> Vec<u8> {
    let lines = "(call $write (i32.const 2) (i32.const 0) (i32.const 8))".repeat(16);
    Component::new(name, "1.0.0")
        .import("log", "write", "(param i32 i32 i32)")
        .item(r#"(data (i32.const 0) "aaaaaaaa")"#)
        .resolve(&format!("{lines} (call $decide (i32.const 1) (i32.const -1) (i32.const 4) (i32.const 0))"))
        .build()
}

#[test]
fn a_tenants_policies_log_so_many_lines_a_second_and_the_rest_is_told_in_one() {
    let file = policies::catalog();
    let config = "[tenant]\nlog_lines_per_second = 5";
    let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
    for (name, application) in [("shops", "shop"), ("cares", "care")] {
        upload(&server, server.key(), &talking(name));
        let bound = json!({ "module": format!("{name}@1.0.0") });
        server.put(&format!("/v1/binding?applicationId={application}"), &bound).expect(200);
    }
    let logged = |name: &str| server.log().lines().filter(|line| line.contains(&format!("{name}@1.0.0: aaaa"))).count();
    let message = json!({ "channel": "SMS", "to": TO });
    let shop = server.new_key(Some("shop"), &[]);
    let began = std::time::Instant::now();
    for _ in 0..50 {
        decide(&server, &shop, &message).expect(200);
    }
    server.until_logged("lines more about the policies of \"shop\" were not logged");
    let seconds = began.elapsed().as_secs() as usize + 2;
    assert!((1..=5 * seconds).contains(&logged("shops")), "{} lines in {seconds} s", logged("shops"));
    assert!(used(&server, "shop", "log_lines_per_second").1 >= 800 - 5 * seconds as u64);
    // Another tenant has its own.
    let care = server.new_key(Some("care"), &[]);
    decide(&server, &care, &message).expect(200);
    // The line that its policy serves was one of its five.
    server.until("its lines are there", || logged("cares") >= 4);
}
