//! Rhai: `this` is a map with pool and pins. Countries are their two letters, because the keys of maps are text.

use anyhow::anyhow;
use peers_world::indexed::Table;
use peers_world::world::{CHANNELS, Level, SenderType};
use peers_world::{Channel, Country, Message, World};
use rhai::module_resolvers::DummyModuleResolver;
use rhai::{AST, Array, CallFnOptions, Dynamic, Engine as Rhai, INT, ImmutableString, Map, Scope};

use crate::engine::{Engine, Form};
use crate::promises::Attack;

struct RhaiEngine {
    engine: Rhai,
    script: AST,
    scope: Scope<'static>,
    function: &'static str,
    world: Dynamic,
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    of_engine(Rhai::new(), world, form)
}

/// The same with an operation limit, and without what reads files.
pub(crate) fn build_limited(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    of_engine(limited(), world, form)
}

/// The most operations of a decision. The largest one that is measured, scanning over 1,000 senders, has some 20,000.
const OPERATIONS: u64 = 1_000_000;

fn limited() -> Rhai {
    let mut engine = Rhai::new();
    engine.set_max_operations(OPERATIONS);
    engine.set_module_resolver(DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine
}

pub(crate) fn attack(attack: Attack, _: &std::path::Path) -> anyhow::Result<()> {
    let script = match attack {
        Attack::Endless => "loop {}",
        Attack::EndlessAndCatches => "loop { try { loop {} } catch {} }",
        // Nothing bounds it; the operations end first.
        Attack::Memory => "let all = []; loop { all.push(all.len()); }",
    };
    limited().run(script).map_err(|error| anyhow!("{error}"))
}

fn of_engine(engine: Rhai, world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    let script = engine.compile(include_str!("rhai/selection.rhai")).map_err(|error| anyhow!("{error}"))?;
    let (function, mut prepared) = match form {
        Form::Indexed => ("decide_indexed", indexed(world)),
        Form::Scanning => ("decide_scanning", scanning(world)),
    };
    let pins = world.pins.iter().map(|pin| ((pin.recipient as INT).to_string().into(), number(pin.sender)));
    prepared.insert("pins".into(), pins.collect::<Map>().into());
    Ok(Box::new(RhaiEngine { engine, script, scope: Scope::new(), function, world: prepared.into() }))
}

impl Engine for RhaiEngine {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        let country = ImmutableString::from(String::from(message.country));
        let values =
            (INT::from(message.channel as u8), country, INT::from(message.area_code), message.recipient as INT);
        let options = CallFnOptions::new().eval_ast(false).bind_this_ptr(&mut self.world);
        let sender: Dynamic = self
            .engine
            .call_fn_with_options(options, &mut self.scope, &self.script, self.function, values)
            .map_err(|error| anyhow!("{error}"))?;
        Ok(sender.as_int().ok().map(|sender| sender as u32))
    }
}

fn number(value: impl Into<INT>) -> Dynamic {
    value.into().into()
}

fn indexed(world: &World) -> Map {
    let table = |channel: Channel, country: Option<Country>| {
        let Table { sticky, candidates, members, areas } = Table::new(world, channel, country);
        // A place for each area code, where any counts.
        let mut by_code = vec![Array::new(); if areas.is_empty() { 0 } else { 1_000 }];
        for (code, area) in areas {
            by_code[usize::from(code)] = candidates[area].iter().copied().map(number).collect();
        }
        let mut table = Map::new();
        table.insert("sticky".into(), sticky.into());
        table.insert("members".into(), members.into());
        table.insert("areas".into(), by_code.into());
        table.insert("candidates".into(), candidates.into_iter().map(number).collect::<Array>().into());
        Dynamic::from(table)
    };
    let tables = CHANNELS.map(|channel| {
        let named = world.countries().into_iter().map(|to| (String::from(to).into(), table(channel, Some(to))));
        named.chain([("".into(), table(channel, None))]).collect::<Map>()
    });
    Map::from([("tables".into(), tables.to_vec().into())])
}

fn scanning(world: &World) -> Map {
    let channel = |channel: Option<Channel>| channel.map_or(Dynamic::UNIT, |channel| number(channel as u8));
    let set = |countries: &Option<Vec<Country>>| {
        let set = |all: &Vec<Country>| all.iter().map(|&to| (String::from(to).into(), Dynamic::TRUE)).collect::<Map>();
        countries.as_ref().map_or(Dynamic::UNIT, |all| set(all).into())
    };
    let strategies = world.strategies.iter().map(|strategy| {
        shared([
            ("entity", (strategy.level == Level::Entity).into()),
            ("channel", channel(strategy.channel)),
            ("everywhere", strategy.countries.is_none().into()),
            ("countries", set(&strategy.countries)),
            ("sticky", strategy.sticky.into()),
            ("geolocated", strategy.geolocated.into()),
        ])
    });
    let senders = world.senders.iter().map(|sender| {
        let channels = CHANNELS.map(|channel| Dynamic::from(sender.channels.contains(&channel)));
        shared([
            ("sender", number(sender.sender)),
            ("long_number", (sender.sender_type == SenderType::VirtualLongNumber).into()),
            ("area_code", number(sender.area_code)),
            ("channels", channels.to_vec().into()),
            ("everywhere", sender.countries.is_none().into()),
            ("countries", set(&sender.countries)),
        ])
    });
    Map::from([
        ("strategies".into(), strategies.collect::<Array>().into()),
        ("senders".into(), senders.collect::<Array>().into()),
    ])
}

/// An object that a loop over its list does not copy: loops take a copy of the list, and of a shared object that is
/// another reference.
fn shared<const N: usize>(properties: [(&str, Dynamic); N]) -> Dynamic {
    let object: Map = properties.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Dynamic::from(object).into_shared()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_loop_ends_with_its_operations() {
        for endless in [Attack::Endless, Attack::EndlessAndCatches] {
            let why = attack(endless, std::path::Path::new("")).expect_err("it ends").to_string();
            assert!(why.contains("Too many operations"), "{why}");
        }
    }
}
