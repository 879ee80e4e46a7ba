//! `callsign explain`: why a message gets its sender, or none.

use callsign::Message;
use clap::Args;

use crate::args::{ChannelName, GatewayArguments, field, id};
use crate::exit::{Exit, Stop, print};
use crate::gateway;
use crate::sticky::IfMissing;

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign explain --catalog catalog.json --to +14155550123 --application shop
  callsign explain --catalog catalog.json --to '+44 20 7946 0018' --application shop --entity acme --channel RCS
  callsign explain --catalog catalog.json --to +14155550123 --from Shop --json

Exit codes:
  0  explained, even if the message is refused
  2  bad input: usage, catalog, policy component or settings, a file that cannot
     be read
  3  another failure, such as an output that cannot be written";

/// The arguments of `explain`.
#[derive(Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    deciding: GatewayArguments,

    /// The recipient in E.164; spaces and other separators are ignored.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    to: String,

    /// The application of the message [default: the application `default`]
    #[arg(long, value_name = "ID", value_parser = id)]
    application: Option<String>,

    /// The entity of the message.
    #[arg(long, value_name = "ID", value_parser = id)]
    entity: Option<String>,

    /// The channel.
    #[arg(long, value_name = "CHANNEL", default_value = "SMS", ignore_case = true)]
    channel: ChannelName,

    /// A sender that overrides every strategy.
    #[arg(long, value_name = "SENDER", value_parser = field)]
    from: Option<String>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<Exit, Stop> {
    let gateway = gateway::load(&arguments.deciding, IfMissing::Refuse)?;
    let mut message = Message::new(arguments.channel.into(), &arguments.to);
    message.application = arguments.application.as_deref();
    message.entity = arguments.entity.as_deref();
    message.from = arguments.from.as_deref();
    message.sent_at = arguments.deciding.sent_at;
    let explanation = gateway.explain(&message);
    let mut text = match arguments.json {
        true => serde_json::to_string(&explanation).map_err(Stop::failed)?,
        false => explanation.to_string(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    print(&text)?;
    Ok(Exit::Done)
}
