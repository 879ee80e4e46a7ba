//! Completion scripts.

use super::run::{callsign, run};

#[test]
fn every_shell_gets_a_script_with_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(callsign().args(["completions", shell]));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{shell}");
        for words in ["callsign", "resolve", "explain", "check", "log", "completions", "what-if", "threads"] {
            assert!(ran.out.contains(words), "{shell} without {words}");
        }
    }
}
