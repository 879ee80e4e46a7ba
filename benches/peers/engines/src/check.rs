//! Whether an engine gives the answers of a world.

use anyhow::{Context, bail};
use peers_world::World;

use crate::engine::{Engine, Form};

/// How many requests are checked.
const REQUESTS: usize = 1_000;

/// Asks for the first 1,000 answers; gives how many there were.
///
/// # Errors
/// The first answer that is another.
pub fn answers(mut engine: Box<dyn Engine>, name: &str, form: Form, world: &World) -> anyhow::Result<usize> {
    let senders = world.senders_in_pool;
    let requests = &world.requests[..world.requests.len().min(REQUESTS)];
    for (index, request) in requests.iter().enumerate() {
        let place = || format!("{name}, {form}, {senders} senders, request {index} {:?}", request.message);
        let given = engine.decide(&request.message).with_context(place)?;
        if given != request.sender {
            bail!("{}: expected {}, given {}", place(), words(request.sender), words(given));
        }
    }
    Ok(requests.len())
}

fn words(sender: Option<u32>) -> String {
    sender.map_or_else(|| "no sender".into(), |sender| format!("sender {sender}"))
}

#[cfg(test)]
mod tests {
    use peers_world::sample;

    use super::*;
    use crate::native;

    #[test]
    fn an_answer_that_is_another_is_named() {
        let mut world = sample::world(1, 10, 100);
        let build = |world: &World| native::build(world, Form::Indexed).expect("native");
        assert_eq!(answers(build(&world), "native", Form::Indexed, &world).expect("right"), 100);
        world.requests[7].sender = Some(4711);
        let error = answers(build(&world), "native", Form::Indexed, &world).expect_err("wrong").to_string();
        for part in ["native, indexed, 10 senders, request 7 ", "expected sender 4711, given "] {
            assert!(error.contains(part), "{error}");
        }
    }
}
