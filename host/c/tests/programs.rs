//! What programs in C try with the library. Each of them checks itself, and says where it fails.

use crate::program::{folder, program, run};

#[test]
fn whatever_is_wrong_is_an_error_and_nothing_else_happens() {
    run(program("wrong").arg(folder("wrong")), "");
}

#[test]
fn everything_that_a_gateway_does_can_be_done_from_c() {
    let component = callsign::standard_component();
    let folder = folder("operations");
    std::fs::write(folder.join("standard.wasm"), component).unwrap();
    run(program("operations").arg(&folder), "");
}

#[test]
fn threads_decide_while_others_change_and_close_what_they_decide_with() {
    run(&mut program("threads"), "");
}

#[test]
fn a_forked_process_is_told_and_one_that_is_forked_before_decides() {
    run(&mut program("fork"), "");
}

#[test]
fn as_many_handles_are_open_as_there_may_be_and_no_more() {
    run(&mut program("handles"), "");
}
