//! `callsign explain`: why a message gets its sender, or none.

use anyhow::anyhow;
use callsign::{Channel, Channels, Message, MessageAttributes, MessageType};
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

    /// Channels in order of preference, in place of one, such as RCS,SMS.
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',', ignore_case = true, conflicts_with = "channel")]
    channels: Vec<ChannelName>,

    /// The type of the message: TRANSACTIONAL, PROMOTIONAL, or a word of the platform's own.
    #[arg(long, value_name = "TYPE", value_parser = message_type)]
    message_type: Option<String>,

    /// An attribute of the message, for policies that read it. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    attribute: Vec<(String, String)>,

    /// A sender that overrides every strategy.
    #[arg(long, value_name = "SENDER", value_parser = field)]
    from: Option<String>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<Exit, Stop> {
    let gateway = gateway::load(&arguments.deciding, IfMissing::Refuse, false)?;
    let mut message = Message::new(arguments.channel.into(), &arguments.to);
    message.application = arguments.application.as_deref();
    message.entity = arguments.entity.as_deref();
    message.from = arguments.from.as_deref();
    message.sent_at = arguments.deciding.sent_at;
    message.message_type = arguments.message_type.as_deref().and_then(|one| MessageType::parse(one).ok());
    if !arguments.channels.is_empty() {
        let channels: Vec<Channel> = arguments.channels.iter().map(|&channel| channel.into()).collect();
        let channels = Channels::new(&channels).map_err(|error| Stop::refused(anyhow!("--channels {error}")))?;
        message = message.channels(channels);
    }
    let attributes: Vec<(&str, &str)> = arguments.attribute.iter().map(|(name, value)| (&**name, &**value)).collect();
    message.attributes = MessageAttributes::new(&attributes)
        .map_err(|error| Stop::refused(anyhow!("--attribute {}: {error}", error.name().unwrap_or_default())))?;
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

/// Parses a message type.
fn message_type(text: &str) -> Result<String, String> {
    MessageType::parse(text).map(|one| one.as_str().to_owned()).map_err(|error| error.to_string())
}

/// Parses an attribute. Its rules are checked together with those of the others.
fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
