//! `callsign explain`: why a message gets its sender, or none.

use callsign::{Channel, Message};

use super::exit::{Exit, Stop, print};
use super::sticky::WhereMissing;
use super::{ChannelName, ExplainArguments, gateway};

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Sms => Self::Sms,
            ChannelName::Mms => Self::Mms,
            ChannelName::Rcs => Self::Rcs,
        }
    }
}

pub(super) fn run(arguments: &ExplainArguments) -> Result<Exit, Stop> {
    let gateway = gateway::load(&arguments.deciding, WhereMissing::Refuse)?;
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
