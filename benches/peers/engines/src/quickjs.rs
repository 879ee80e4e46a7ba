//! QuickJS: pool and pins are objects of JavaScript, a message is five numbers.

use anyhow::anyhow;
use peers_world::{Message, World};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use crate::engine::{Engine, Form};
use crate::plain::Plain;

struct QuickJs {
    // Goes before the context that it lives in.
    decide: Persistent<Function<'static>>,
    context: Context,
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    let world = serde_json::to_string(&Plain::new(world))?;
    let context = Context::full(&Runtime::new()?)?;
    let decide = context.with(|ctx| prepare(&ctx, world, form).catch(&ctx).map_err(|error| anyhow!("{error}")))?;
    Ok(Box::new(QuickJs { decide, context }))
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
