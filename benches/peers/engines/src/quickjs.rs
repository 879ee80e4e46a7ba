//! QuickJS: pool and pins are objects of JavaScript, a message is five numbers.

use anyhow::anyhow;
use peers_world::{Message, World};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use crate::deadline::{DECISION, Deadline};
use crate::engine::{Engine, Form};
use crate::plain::Plain;
use crate::promises::{Attack, MEMORY};

struct QuickJs {
    // Goes before the context that it lives in.
    decide: Persistent<Function<'static>>,
    context: Context,
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(of_runtime(&Runtime::new()?, world, form)?))
}

fn of_runtime(runtime: &Runtime, world: &World, form: Form) -> anyhow::Result<QuickJs> {
    let world = serde_json::to_string(&Plain::new(world))?;
    let context = Context::full(runtime)?;
    let decide = context.with(|ctx| prepare(&ctx, world, form).catch(&ctx).map_err(|error| anyhow!("{error}")))?;
    Ok(QuickJs { decide, context })
}

/// The same with a deadline and a memory limit.
pub(crate) fn build_limited(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    let runtime = Runtime::new()?;
    // The tables are made before decisions begin.
    let quickjs = of_runtime(&runtime, world, form)?;
    let deadline = Deadline::new(DECISION);
    limit(&runtime, &deadline);
    Ok(Box::new(Limited { quickjs, deadline }))
}

struct Limited {
    quickjs: QuickJs,
    deadline: Deadline,
}

impl Engine for Limited {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        self.deadline.begin();
        self.quickjs.decide(message)
    }
}

/// QuickJS asks after some thousand instructions whether it is to stop; what it throws then cannot be caught.
fn limit(runtime: &Runtime, deadline: &Deadline) {
    let deadline = deadline.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || deadline.has_passed())));
    runtime.set_memory_limit(MEMORY);
}

pub(crate) fn attack(attack: Attack, _: &std::path::Path) -> anyhow::Result<()> {
    // Memory ends before the deadline, however slow the machine is.
    let (length, script) = match attack {
        Attack::Endless => (DECISION, "for (;;) {}"),
        Attack::EndlessAndCatches => (DECISION, "for (;;) { try { for (;;) {} } catch (error) {} finally {} }"),
        Attack::Memory => (u64::MAX >> 1, "const all = []; for (;;) all.push([all.length]);"),
    };
    let runtime = Runtime::new()?;
    limit(&runtime, &Deadline::new(length));
    Context::full(&runtime)?.with(|ctx| ctx.eval::<(), _>(script).catch(&ctx).map_err(|error| anyhow!("{error}")))
}

fn prepare(ctx: &Ctx<'_>, world: String, form: Form) -> rquickjs::Result<Persistent<Function<'static>>> {
    let forms: Object = ctx.eval(include_str!("quickjs/selection.js"))?;
    let prepare: Function = forms.get(form.to_string())?;
    let world: Value = ctx.json_parse(world)?;
    let decide: Function = prepare.call((world,))?;
    Ok(Persistent::save(ctx, decide))
}

impl Engine for QuickJs {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        // As i64: rquickjs makes a negative number of an u32 from 2^31 on.
        let (high, low) = (i64::from(message.high()), i64::from(message.low()));
        let numbers = (message.channel as u8, message.country.number(), message.area_code, high, low);
        self.context.with(|ctx| {
            let decide = self.decide.clone().restore(&ctx)?;
            decide.call(numbers).catch(&ctx).map_err(|error| anyhow!("{error}"))
        })
    }
}
