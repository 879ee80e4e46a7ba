//! Lists in pages: `page` from 0, sizes 1 to 1000 and their defaults, totals.

use serde_json::{Value, json};

use super::{fault, world};

/// 1,001 of everything.
fn many() -> Value {
    let each = |make: &dyn Fn(usize) -> Value| (0..1_001).map(make).collect::<Vec<_>>();
    json!({
        "applications": each(&|n| json!({ "applicationId": format!("a{n}") }))[1..],
        "entities": each(&|n| json!({ "entityId": format!("e{n}") })),
        "senders": each(&|n| json!({
            "senderId": format!("s{n}"), "sender": format!("{}", 10_000 + n), "senderType": "SHORT_CODE",
            "coverage": [{ "channel": "SMS", "countries": "*" }],
        })),
        "associations": each(&|n| json!({
            "resourceType": "NUMBER", "channel": "SMS", "applicationId": "default", "entityId": format!("e{n}"),
            "resourceId": format!("s{n}"),
        })),
        "sendingStrategies": each(&|n| json!({
            "sendingStrategyId": format!("S{n}"), "platform": { "applicationId": "default", "entityId": format!("e{n}") },
        })),
    })
}

#[test]
fn pages_have_the_size_that_is_asked_for_and_say_how_many_there_are() {
    let server = world::of(&many(), "");
    for (path, size) in [
        ("/provisioning/1/applications", 20),
        ("/provisioning/1/entities", 20),
        ("/provisioning/1/associations", 20),
        ("/provisioning/2/sending-strategies", 100),
    ] {
        let get = |query: &str| server.get(&format!("{path}?{query}")).expect(200).json();
        let first = get("");
        assert_eq!(fault::keys(&first), ["paging", "results"]);
        assert_eq!(first["results"].as_array().unwrap().len(), size, "{path}");
        let pages = 1_001_usize.div_ceil(size);
        let paging = |page: u64, size: usize, pages: usize| json!({ "page": page, "size": size, "totalPages": pages, "totalResults": 1_001 });
        assert_eq!(first["paging"], paging(0, size, pages));
        assert_eq!(get("page=0"), first);

        // All pages together are the list, each element once and in order.
        let all = get("size=1000");
        let rest = get("size=1000&page=1");
        assert_eq!((all["paging"].clone(), rest["paging"].clone()), (paging(0, 1_000, 2), paging(1, 1_000, 2)));
        let mut whole = all["results"].as_array().unwrap().clone();
        whole.extend(rest["results"].as_array().unwrap().iter().cloned());
        assert_eq!(whole.len(), 1_001);
        let by_333: Vec<Value> = (0..4)
            .flat_map(|page| get(&format!("size=333&page={page}"))["results"].as_array().unwrap().clone())
            .collect();
        assert_eq!(by_333, whole);
        assert_eq!(get("size=1&page=1000")["results"], json!([whole[1_000]]));

        // Beyond the end there is nothing, and the totals are the same.
        for page in [pages as u64, 5_000, u64::from(u32::MAX)] {
            let beyond = get(&format!("page={page}"));
            assert_eq!(beyond, json!({ "results": [], "paging": paging(page, size, pages) }));
        }
    }
}

#[test]
fn numbers_have_a_limit_and_a_count() {
    let server = world::of(&many(), "");
    let get = |query: &str| server.get(&format!("/numbers/1/numbers?{query}")).expect(200).json();
    let len = |list: &Value| list["numbers"].as_array().unwrap().len();
    let first = get("");
    assert_eq!((fault::keys(&first), len(&first)), (vec!["numberCount", "numbers"], 50));
    assert_eq!(first["numberCount"], 1_001);
    let rest = get("limit=1000&page=1");
    assert_eq!((len(&rest), &rest["numberCount"]), (1, &json!(1_001)));
    assert_eq!(get("page=21"), json!({ "numbers": [], "numberCount": 1_001 }));
    assert_eq!(len(&get("limit=1&page=7")), 1);
    // The name of the size is another one here.
    assert_eq!(len(&get("size=1")), 50);
}

#[test]
fn a_page_that_is_none_is_400() {
    let server = world::shared();
    for (path, size) in [
        ("/provisioning/1/applications", "size"),
        ("/provisioning/1/entities", "size"),
        ("/provisioning/1/associations", "size"),
        ("/provisioning/2/sending-strategies", "size"),
        ("/numbers/1/numbers", "limit"),
    ] {
        for wrong in ["0", "1001", "-1", "x", "1.5", "99999999999999999999", "1e2", "%00", "%FF"] {
            let reply = server.get(&format!("{path}?{size}={wrong}"));
            assert_eq!(fault::check(path, &reply, 400).len(), 1, "{wrong}");
        }
        for wrong in ["-1", "x", "1.5", "99999999999999999999"] {
            fault::names(path, &server.get(&format!("{path}?page={wrong}")), 400, "page");
        }
        // Without a value it is not there.
        server.get(&format!("{path}?page=&{size}=")).expect(200);
    }
}
