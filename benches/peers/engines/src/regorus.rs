//! Regorus: Rego, compiled for its virtual machine. Pool and pins are the data, a message is the input; countries are
//! their two letters.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use peers_world::indexed::Table;
use peers_world::world::{CHANNELS, Level, SenderType};
use peers_world::{Channel, Country, Message, World};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{PolicyModule, Value, compile_policy_with_entrypoint};

use crate::engine::{Engine, Form};

const ENTRY_POINT: &str = "data.selection.sender";

struct Regorus {
    machine: RegoVM,
    /// The keys of the input, made once.
    keys: [Value; 5],
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    let (source, mut data) = match form {
        Form::Indexed => (include_str!("regorus/indexed.rego"), indexed(world)),
        Form::Scanning => (include_str!("regorus/scanning.rego"), scanning(world)),
    };
    let pins = world.pins.iter().map(|pin| (Value::from(pin.recipient), Value::from(pin.sender)));
    data.push(("pins", object(pins)));
    let data = named(data);

    let module = PolicyModule { id: "selection.rego".into(), content: source.into() };
    let policy = compile_policy_with_entrypoint(data.clone(), &[module], ENTRY_POINT.into())?;
    let program = Compiler::compile_from_policy(&policy, &[ENTRY_POINT])?;
    let mut machine = RegoVM::new_with_policy(policy);
    machine.load_program(program);
    machine.set_data(data)?;
    // The default stops a decision over a large pool.
    machine.set_max_instructions(usize::MAX);
    let keys = ["channel", "country", "area_code", "recipient", "high"].map(Value::from);
    Ok(Box::new(Regorus { machine, keys }))
}

impl Engine for Regorus {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        let [channel, country, area_code, recipient, high] = self.keys.clone();
        let input = object([
            (channel, number(message.channel as u8)),
            (country, text(message.country)),
            (area_code, number(message.area_code)),
            (recipient, Value::from(message.recipient)),
            (high, number(message.high())),
        ]);
        self.machine.set_input(input);
        match self.machine.execute_entry_point_by_index(0)? {
            Value::Null => Ok(None),
            sender => Ok(Some(sender.as_u32().context("the answer is no sender")?)),
        }
    }
}

fn indexed(world: &World) -> Vec<(&'static str, Value)> {
    let table = |channel: Channel, country: Option<Country>| {
        let Table { sticky, candidates, members, areas } = Table::new(world, channel, country);
        let members = members.iter().enumerate().filter(|&(_, &is)| is);
        named(vec![
            ("sticky", sticky.into()),
            ("members", members.map(|(sender, _)| Value::from(sender)).collect::<BTreeSet<_>>().into()),
            ("areas", object(areas.into_iter().map(|(code, area)| (number(code), list(&candidates[area]))))),
            ("candidates", list(&candidates)),
        ])
    };
    let tables = CHANNELS.map(|channel| {
        let countries = world.countries().into_iter().map(|to| (text(to), table(channel, Some(to))));
        object(countries.chain([("".into(), table(channel, None))]))
    });
    vec![("tables", tables.to_vec().into())]
}

fn scanning(world: &World) -> Vec<(&'static str, Value)> {
    let channel = |channel: Option<Channel>| channel.map_or(Value::Null, |channel| number(channel as u8));
    let set = |countries: &Option<Vec<Country>>| {
        let set = |all: &Vec<Country>| all.iter().copied().map(text).collect::<BTreeSet<_>>();
        countries.as_ref().map_or(Value::Null, |all| set(all).into())
    };
    let strategies = world.strategies.iter().map(|strategy| {
        let specific = if strategy.countries.is_some() { 2 } else { 0 } + u32::from(strategy.channel.is_some());
        named(vec![
            ("entity", (strategy.level == Level::Entity).into()),
            ("channel", channel(strategy.channel)),
            ("countries", set(&strategy.countries)),
            ("specific", number(specific)),
            ("sticky", strategy.sticky.into()),
            ("geolocated", strategy.geolocated.into()),
        ])
    });
    let senders = world.senders.iter().map(|sender| {
        let channels: BTreeSet<Value> = sender.channels.iter().map(|&channel| number(channel as u8)).collect();
        named(vec![
            ("sender", number(sender.sender)),
            ("long_number", (sender.sender_type == SenderType::VirtualLongNumber).into()),
            ("area_code", number(sender.area_code)),
            ("channels", channels.into()),
            ("countries", set(&sender.countries)),
        ])
    });
    let of = |values: Vec<Value>| Value::from(values);
    vec![("strategies", of(strategies.collect())), ("senders", of(senders.collect()))]
}

fn number(value: impl Into<u32>) -> Value {
    Value::from(value.into())
}

fn text(country: Country) -> Value {
    Value::from(String::from(country))
}

fn list(senders: &[u32]) -> Value {
    senders.iter().copied().map(Value::from).collect::<Vec<_>>().into()
}

fn object(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    entries.into_iter().collect::<BTreeMap<_, _>>().into()
}

fn named(entries: Vec<(&str, Value)>) -> Value {
    object(entries.into_iter().map(|(name, value)| (name.into(), value)))
}
