//! Numbers.

use serde_json::{Value, json};

use super::{fault, world};

fn keys(list: &Value) -> Vec<&str> {
    let numbers = list["numbers"].as_array().unwrap().iter();
    numbers.map(|number| number["numberKey"].as_str().unwrap()).collect()
}

#[test]
fn each_is_listed_with_its_digits_country_type_and_capabilities() {
    let server = world::shared();
    let number = |key: &str, number: &str, country: &str, kind: &str, capabilities: Value| {
        json!({
            "numberKey": key, "number": number, "country": country, "type": kind, "capabilities": capabilities,
            "shared": false,
        })
    };
    let long = "VIRTUAL_LONG_NUMBER";
    // No `+`; toll-free numbers are long ones here; the alphanumeric sender is no number.
    assert_eq!(
        server.get("/numbers/1/numbers").expect(200).json(),
        json!({
            "numbers": [
                number("LONG", "14155550100", "US", long, json!(["SMS", "MMS"])),
                number("BANKS", "442079460018", "GB", long, json!(["SMS"])),
                number("FREE", "18005550100", "US", long, json!(["SMS"])),
                number("SHORT", "12345", "GB", "SHORT_CODE", json!(["SMS"])),
            ],
            "numberCount": 4,
        })
    );
}

#[test]
fn the_filter_is_by_digits() {
    let server = world::shared();
    let get = |query: &str| server.get(&format!("/numbers/1/numbers?{query}")).expect(200).json();
    assert_eq!(keys(&get("number=14155550100")), ["LONG"]);
    assert_eq!(keys(&get("number=%2B14155550100")), ["LONG"]);
    // A plus that is not escaped arrives as a space.
    assert_eq!(keys(&get("number=+14155550100")), ["LONG"]);
    assert_eq!(keys(&get("number=12345")), ["SHORT"]);
    assert!(keys(&get("number=99999")).is_empty());
    assert!(keys(&get("number=Shop")).is_empty());
    let part = get("number=555&limit=1&page=1");
    assert_eq!((keys(&part), &part["numberCount"]), (vec!["FREE"], &json!(2)));
}

#[test]
fn a_country_that_is_not_one_is_left_out() {
    let coverage = |countries: Value| json!([{ "channel": "RCS", "countries": countries }]);
    let sender = |id: &str, countries: Value| json!({ "senderId": id, "sender": "4711", "senderType": "SHORT_CODE", "coverage": coverage(countries) });
    let catalog = json!({ "senders": [sender("ALL", json!("*")), sender("TWO", json!(["US", "CA"]))] });
    let list = world::of(&catalog, "").get("/numbers/1/numbers").expect(200).json();
    for number in list["numbers"].as_array().unwrap() {
        // Neither SMS nor MMS: the list is empty, and there all the same.
        assert_eq!(fault::keys(number), ["capabilities", "number", "numberKey", "shared", "type"]);
        assert_eq!(number["capabilities"], json!([]));
    }
}
