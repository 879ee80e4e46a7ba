//! The component: the standard policy behind the contract.

use std::cell::RefCell;

use callsign_policy::exports::{explain, policy};
use callsign_policy::reads::Imports;
use callsign_policy::types::{Answer, Request};

use crate::view::View;

thread_local! {
    static VIEW: RefCell<View> = RefCell::default();
}

struct Standard;

impl policy::Guest for Standard {
    fn check_settings(json: String) -> Result<(), String> {
        match json.trim() {
            "" | "{}" | "null" => Ok(()),
            _ => Err("the standard policy has no settings: give {} or leave them out".into()),
        }
    }

    fn resolve(request: Request) -> Answer {
        VIEW.with_borrow_mut(|view| view.resolve(&request, &Imports))
    }

    fn resolve_batch(requests: Vec<Request>) -> Vec<Answer> {
        VIEW.with_borrow_mut(|view| requests.iter().map(|request| view.resolve(request, &Imports)).collect())
    }

    fn refusal_text(code: u32, _detail: u64) -> policy::Wording {
        policy::Wording {
            code: "UNKNOWN".into(),
            message: format!("the standard policy has no refusal of its own numbered {code}"),
        }
    }
}

impl explain::Guest for Standard {
    fn explain(request: Request) -> explain::Trace {
        crate::explain::explain(&request, &Imports)
    }
}

callsign_policy::export!(Standard with_types_in callsign_policy::bindings);
